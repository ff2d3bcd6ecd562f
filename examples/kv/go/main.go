// Command go-kv is a KV plugin in Go, on the stock go-plugin library: it keeps values in memory.
package main

import (
	"context"
	"fmt"
	"sync"

	plugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/grpc/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type store struct {
	mutex  sync.RWMutex
	values map[string][]byte
}

func (s *store) Put(_ context.Context, request *proto.PutRequest) (*proto.Empty, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.values[request.Key] = request.Value
	return &proto.Empty{}, nil
}

func (s *store) Get(_ context.Context, request *proto.GetRequest) (*proto.GetResponse, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	value, ok := s.values[request.Key]
	if !ok {
		return nil, status.Error(codes.NotFound, fmt.Sprintf("there is no %q", request.Key))
	}
	return &proto.GetResponse{Value: value}, nil
}

type kvPlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

func (kvPlugin) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	proto.RegisterKVServer(server, &store{values: map[string][]byte{}})
	return nil
}

func (kvPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (interface{}, error) {
	return nil, fmt.Errorf("this program is only a plugin")
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "BASIC_PLUGIN",
			MagicCookieValue: "hello",
		},
		Plugins:    map[string]plugin.Plugin{"kv": kvPlugin{}},
		GRPCServer: plugin.DefaultGRPCServer,
	})
}
