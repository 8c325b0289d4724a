// Calls the signer with generated code: main TARGET SERVICE_CONFIG. Prints a proof, and the reason of a call that fails.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	pb "proofmint.dev/proofmint/v1"
)

func main() {
	serviceConfig, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	// Debian's grpc-go retries only if the environment has GRPC_GO_RETRY=on.
	connection, err := grpc.Dial(os.Args[1], grpc.WithInsecure(), grpc.WithDefaultServiceConfig(string(serviceConfig)))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	signer := pb.NewProofSignerClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	request := &pb.SignProofRequest{Htm: "POST", Htu: "https://idp.example/token"}
	response, err := signer.SignProof(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Proof)

	request.Htu = "https://user@idp.example/token"
	_, err = signer.SignProof(ctx, request)
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			fmt.Println(info.Reason)
		}
	}
}
