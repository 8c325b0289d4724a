import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.proofmint.v1.ProofSignerGrpc;
import dev.proofmint.v1.SignProofRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import java.util.concurrent.TimeUnit;

/** Calls the signer with generated code: Main TARGET. Prints a proof, and the reason of a call that fails. */
public final class Main {
  private static final Metadata.Key<Status> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", ProtoUtils.metadataMarshaller(Status.getDefaultInstance()));

  public static void main(String[] args) throws Exception {
    ManagedChannel channel = NettyChannelBuilder.forTarget(args[0]).usePlaintext().enableRetry().build();
    ProofSignerGrpc.ProofSignerBlockingStub signer =
        ProofSignerGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS).withWaitForReady();
    SignProofRequest request =
        SignProofRequest.newBuilder().setHtm("POST").setHtu("https://idp.example/token").build();
    System.out.println(signer.signProof(request).getProof());

    try {
      signer.signProof(request.toBuilder().setHtu("https://user@idp.example/token").build());
    } catch (StatusRuntimeException error) {
      for (com.google.protobuf.Any detail : error.getTrailers().get(DETAILS).getDetailsList()) {
        if (detail.is(ErrorInfo.class)) System.out.println(detail.unpack(ErrorInfo.class).getReason());
      }
    }
    channel.shutdownNow();
  }
}
