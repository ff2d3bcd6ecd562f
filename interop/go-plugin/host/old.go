//go:build before_mux

package main

import (
	"context"

	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

func multiplex(*plugin.ClientConfig, bool) {}

// Old hosts are built with an old grpc module; reflection is looked at with the new ones.
func reflects(context.Context, *grpc.ClientConn) error { return nil }

type pingPong struct{}

func (*host) stdio(context.Context) {}
