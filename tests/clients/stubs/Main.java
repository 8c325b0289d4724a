import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.proofmint.v1.ProofSignerGrpc;
import dev.proofmint.v1.SignProofRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Calls the signer with generated code: Main TARGET. Prints a proof, then makes calls until standard input ends, and prints how
 * many succeeded, the reason of a call that fails, and the health status.
 */
public final class Main {
  /** deploy/service_config.json, which grpc-java takes as a map; its numbers are doubles. */
  private static final Map<String, ?> SERVICE_CONFIG =
      Map.of(
          "methodConfig",
          List.of(
              Map.of(
                  "name", List.of(Map.of("service", "proofmint.v1.ProofSigner")),
                  "waitForReady", true,
                  "timeout", "10s",
                  "retryPolicy",
                      Map.of(
                          "maxAttempts", 5.0,
                          "initialBackoff", "0.1s",
                          "maxBackoff", "2s",
                          "backoffMultiplier", 2.0,
                          "retryableStatusCodes", List.of("UNAVAILABLE", "CANCELLED")))),
          "retryThrottling",
          Map.of("maxTokens", 1000.0, "tokenRatio", 1.0));

  private static final Metadata.Key<Status> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", ProtoUtils.metadataMarshaller(Status.getDefaultInstance()));

  private static String sign(ProofSignerGrpc.ProofSignerBlockingStub signer, String htu) {
    SignProofRequest request = SignProofRequest.newBuilder().setHtm("POST").setHtu(htu).build();
    return signer.withDeadlineAfter(10, TimeUnit.SECONDS).signProof(request).getProof();
  }

  private static String reason(StatusRuntimeException error) throws IOException {
    for (com.google.protobuf.Any detail : error.getTrailers().get(DETAILS).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) return detail.unpack(ErrorInfo.class).getReason();
    }
    return error.toString();
  }

  private static CountDownLatch endOf(InputStream stream) {
    CountDownLatch ended = new CountDownLatch(1);
    Thread reader =
        new Thread(
            () -> {
              try {
                stream.readAllBytes();
              } catch (IOException error) {
                throw new IllegalStateException(error);
              } finally {
                ended.countDown();
              }
            });
    reader.setDaemon(true);
    reader.start();
    return ended;
  }

  public static void main(String[] args) throws Exception {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(args[0])
            .usePlaintext()
            .defaultServiceConfig(SERVICE_CONFIG)
            .enableRetry()
            .build();
    ProofSignerGrpc.ProofSignerBlockingStub signer = ProofSignerGrpc.newBlockingStub(channel);
    System.out.println(sign(signer, "https://idp.example/token"));

    int proofs = 1;
    for (CountDownLatch ended = endOf(System.in); ended.getCount() > 0; ++proofs) {
      sign(signer, "https://idp.example/token");
    }
    System.out.println(proofs);

    try {
      sign(signer, "https://user@idp.example/token");
    } catch (StatusRuntimeException error) {
      System.out.println(reason(error));
    }
    HealthCheckRequest whole = HealthCheckRequest.getDefaultInstance();
    System.out.println(HealthGrpc.newBlockingStub(channel).check(whole).getStatus());
    channel.shutdownNow();
  }
}
