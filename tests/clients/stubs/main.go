// Calls the signer with generated code: main TARGET SERVICE_CONFIG. Prints a proof, then makes calls until standard input
// ends, and prints how many succeeded, the reason of a call that fails, and the health status.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	pb "proofmint.dev/proofmint/v1"
)

// connect makes the connection for the process. The service config waits for a signer that is restarting, and the backoff
// finds it again within a second. Debian's grpc-go retries only if the environment has GRPC_GO_RETRY=on.
func connect(target, serviceConfig string) (*grpc.ClientConn, error) {
	reconnect := grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
		MinConnectTimeout: 5 * time.Second,
	}
	return grpc.Dial(target, grpc.WithInsecure(), grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithConnectParams(reconnect))
}

func sign(signer pb.ProofSignerClient, htu string) (*pb.SignProofResponse, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return signer.SignProof(ctx, &pb.SignProofRequest{Htm: "POST", Htu: htu})
}

func reason(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return err.Error()
}

func main() {
	serviceConfig, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	connection, err := connect(os.Args[1], string(serviceConfig))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	signer := pb.NewProofSignerClient(connection)
	response, err := sign(signer, "https://idp.example/token")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Proof)

	ended := make(chan bool)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	proofs := 1
	for more := true; more; {
		if _, err := sign(signer, "https://idp.example/token"); err != nil {
			log.Fatal(err)
		}
		proofs++
		select {
		case <-ended:
			more = false
		default:
		}
	}
	fmt.Println(proofs)

	_, err = sign(signer, "https://user@idp.example/token")
	fmt.Println(reason(err))
	health, err := grpc_health_v1.NewHealthClient(connection).Check(context.Background(),
		&grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(health.Status)
}
