// Original file: tflint.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { _proto_GetModuleContent_Request, _proto_GetModuleContent_Request__Output } from '../proto/GetModuleContent.ts';
import type { _proto_EvaluateExpr_Request, _proto_EvaluateExpr_Request__Output } from '../proto/EvaluateExpr.ts';
import type { _proto_EmitIssue_Request, _proto_EmitIssue_Request__Output } from '../proto/EmitIssue.ts';
import type { _proto_GetModuleContent_Response, _proto_GetModuleContent_Response__Output } from '../proto/GetModuleContent.ts';
import type { _proto_EvaluateExpr_Response, _proto_EvaluateExpr_Response__Output } from '../proto/EvaluateExpr.ts';
import type { _proto_EmitIssue_Response, _proto_EmitIssue_Response__Output } from '../proto/EmitIssue.ts';

export interface RunnerClient extends grpc.Client {
  EmitIssue(argument: _proto_EmitIssue_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_EmitIssue_Response__Output>): grpc.ClientUnaryCall;
  EmitIssue(argument: _proto_EmitIssue_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_EmitIssue_Response__Output>): grpc.ClientUnaryCall;
  EmitIssue(argument: _proto_EmitIssue_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_EmitIssue_Response__Output>): grpc.ClientUnaryCall;
  EmitIssue(argument: _proto_EmitIssue_Request, callback: grpc.requestCallback<_proto_EmitIssue_Response__Output>): grpc.ClientUnaryCall;
  emitIssue(argument: _proto_EmitIssue_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_EmitIssue_Response__Output>): grpc.ClientUnaryCall;
  emitIssue(argument: _proto_EmitIssue_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_EmitIssue_Response__Output>): grpc.ClientUnaryCall;
  emitIssue(argument: _proto_EmitIssue_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_EmitIssue_Response__Output>): grpc.ClientUnaryCall;
  emitIssue(argument: _proto_EmitIssue_Request, callback: grpc.requestCallback<_proto_EmitIssue_Response__Output>): grpc.ClientUnaryCall;
  
  EvaluateExpr(argument: _proto_EvaluateExpr_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_EvaluateExpr_Response__Output>): grpc.ClientUnaryCall;
  EvaluateExpr(argument: _proto_EvaluateExpr_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_EvaluateExpr_Response__Output>): grpc.ClientUnaryCall;
  EvaluateExpr(argument: _proto_EvaluateExpr_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_EvaluateExpr_Response__Output>): grpc.ClientUnaryCall;
  EvaluateExpr(argument: _proto_EvaluateExpr_Request, callback: grpc.requestCallback<_proto_EvaluateExpr_Response__Output>): grpc.ClientUnaryCall;
  evaluateExpr(argument: _proto_EvaluateExpr_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_EvaluateExpr_Response__Output>): grpc.ClientUnaryCall;
  evaluateExpr(argument: _proto_EvaluateExpr_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_EvaluateExpr_Response__Output>): grpc.ClientUnaryCall;
  evaluateExpr(argument: _proto_EvaluateExpr_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_EvaluateExpr_Response__Output>): grpc.ClientUnaryCall;
  evaluateExpr(argument: _proto_EvaluateExpr_Request, callback: grpc.requestCallback<_proto_EvaluateExpr_Response__Output>): grpc.ClientUnaryCall;
  
  GetModuleContent(argument: _proto_GetModuleContent_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetModuleContent_Response__Output>): grpc.ClientUnaryCall;
  GetModuleContent(argument: _proto_GetModuleContent_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetModuleContent_Response__Output>): grpc.ClientUnaryCall;
  GetModuleContent(argument: _proto_GetModuleContent_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetModuleContent_Response__Output>): grpc.ClientUnaryCall;
  GetModuleContent(argument: _proto_GetModuleContent_Request, callback: grpc.requestCallback<_proto_GetModuleContent_Response__Output>): grpc.ClientUnaryCall;
  getModuleContent(argument: _proto_GetModuleContent_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetModuleContent_Response__Output>): grpc.ClientUnaryCall;
  getModuleContent(argument: _proto_GetModuleContent_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetModuleContent_Response__Output>): grpc.ClientUnaryCall;
  getModuleContent(argument: _proto_GetModuleContent_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetModuleContent_Response__Output>): grpc.ClientUnaryCall;
  getModuleContent(argument: _proto_GetModuleContent_Request, callback: grpc.requestCallback<_proto_GetModuleContent_Response__Output>): grpc.ClientUnaryCall;
  
}

export interface RunnerHandlers extends grpc.UntypedServiceImplementation {
  EmitIssue: grpc.handleUnaryCall<_proto_EmitIssue_Request__Output, _proto_EmitIssue_Response>;
  
  EvaluateExpr: grpc.handleUnaryCall<_proto_EvaluateExpr_Request__Output, _proto_EvaluateExpr_Response>;
  
  GetModuleContent: grpc.handleUnaryCall<_proto_GetModuleContent_Request__Output, _proto_GetModuleContent_Response>;
  
}

export interface RunnerDefinition extends grpc.ServiceDefinition {
  EmitIssue: MethodDefinition<_proto_EmitIssue_Request, _proto_EmitIssue_Response, _proto_EmitIssue_Request__Output, _proto_EmitIssue_Response__Output>
  EvaluateExpr: MethodDefinition<_proto_EvaluateExpr_Request, _proto_EvaluateExpr_Response, _proto_EvaluateExpr_Request__Output, _proto_EvaluateExpr_Response__Output>
  GetModuleContent: MethodDefinition<_proto_GetModuleContent_Request, _proto_GetModuleContent_Response, _proto_GetModuleContent_Request__Output, _proto_GetModuleContent_Response__Output>
}
