//go:build !before_mux

package main

import (
	"context"
	"fmt"

	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
)

func multiplex(config *plugin.ClientConfig, on bool) {
	config.GRPCBrokerMultiplex = on
}

func reflects(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	list := &reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(list); err != nil {
		return err
	}
	reply, err := stream.Recv()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, service := range reply.GetListServicesResponse().GetService() {
		names[service.Name] = true
	}
	for _, name := range []string{"grpctest.Test", "plugin.GRPCBroker", "plugin.GRPCStdio", "grpc.health.v1.Health"} {
		if !names[name] {
			return fmt.Errorf("%s is not listed in %v", name, names)
		}
		symbol := &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name}
		if err := stream.Send(&reflection.ServerReflectionRequest{MessageRequest: symbol}); err != nil {
			return err
		}
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if len(reply.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
			return fmt.Errorf("no descriptor of %s: %v", name, reply)
		}
	}
	return stream.CloseSend()
}
