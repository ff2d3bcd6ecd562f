// Original file: tflint.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { _proto_GetName_Request, _proto_GetName_Request__Output } from '../proto/GetName.ts';
import type { _proto_GetVersion_Request, _proto_GetVersion_Request__Output } from '../proto/GetVersion.ts';
import type { _proto_GetVersionConstraint_Request, _proto_GetVersionConstraint_Request__Output } from '../proto/GetVersionConstraint.ts';
import type { _proto_GetSDKVersion_Request, _proto_GetSDKVersion_Request__Output } from '../proto/GetSDKVersion.ts';
import type { _proto_GetRuleNames_Request, _proto_GetRuleNames_Request__Output } from '../proto/GetRuleNames.ts';
import type { _proto_GetConfigSchema_Request, _proto_GetConfigSchema_Request__Output } from '../proto/GetConfigSchema.ts';
import type { _proto_ApplyGlobalConfig_Request, _proto_ApplyGlobalConfig_Request__Output } from '../proto/ApplyGlobalConfig.ts';
import type { _proto_ApplyConfig_Request, _proto_ApplyConfig_Request__Output } from '../proto/ApplyConfig.ts';
import type { _proto_Check_Request, _proto_Check_Request__Output } from '../proto/Check.ts';
import type { _proto_GetName_Response, _proto_GetName_Response__Output } from '../proto/GetName.ts';
import type { _proto_GetVersion_Response, _proto_GetVersion_Response__Output } from '../proto/GetVersion.ts';
import type { _proto_GetVersionConstraint_Response, _proto_GetVersionConstraint_Response__Output } from '../proto/GetVersionConstraint.ts';
import type { _proto_GetSDKVersion_Response, _proto_GetSDKVersion_Response__Output } from '../proto/GetSDKVersion.ts';
import type { _proto_GetRuleNames_Response, _proto_GetRuleNames_Response__Output } from '../proto/GetRuleNames.ts';
import type { _proto_GetConfigSchema_Response, _proto_GetConfigSchema_Response__Output } from '../proto/GetConfigSchema.ts';
import type { _proto_ApplyGlobalConfig_Response, _proto_ApplyGlobalConfig_Response__Output } from '../proto/ApplyGlobalConfig.ts';
import type { _proto_ApplyConfig_Response, _proto_ApplyConfig_Response__Output } from '../proto/ApplyConfig.ts';
import type { _proto_Check_Response, _proto_Check_Response__Output } from '../proto/Check.ts';

export interface RuleSetClient extends grpc.Client {
  ApplyConfig(argument: _proto_ApplyConfig_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_ApplyConfig_Response__Output>): grpc.ClientUnaryCall;
  ApplyConfig(argument: _proto_ApplyConfig_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_ApplyConfig_Response__Output>): grpc.ClientUnaryCall;
  ApplyConfig(argument: _proto_ApplyConfig_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_ApplyConfig_Response__Output>): grpc.ClientUnaryCall;
  ApplyConfig(argument: _proto_ApplyConfig_Request, callback: grpc.requestCallback<_proto_ApplyConfig_Response__Output>): grpc.ClientUnaryCall;
  applyConfig(argument: _proto_ApplyConfig_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_ApplyConfig_Response__Output>): grpc.ClientUnaryCall;
  applyConfig(argument: _proto_ApplyConfig_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_ApplyConfig_Response__Output>): grpc.ClientUnaryCall;
  applyConfig(argument: _proto_ApplyConfig_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_ApplyConfig_Response__Output>): grpc.ClientUnaryCall;
  applyConfig(argument: _proto_ApplyConfig_Request, callback: grpc.requestCallback<_proto_ApplyConfig_Response__Output>): grpc.ClientUnaryCall;
  
  ApplyGlobalConfig(argument: _proto_ApplyGlobalConfig_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_ApplyGlobalConfig_Response__Output>): grpc.ClientUnaryCall;
  ApplyGlobalConfig(argument: _proto_ApplyGlobalConfig_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_ApplyGlobalConfig_Response__Output>): grpc.ClientUnaryCall;
  ApplyGlobalConfig(argument: _proto_ApplyGlobalConfig_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_ApplyGlobalConfig_Response__Output>): grpc.ClientUnaryCall;
  ApplyGlobalConfig(argument: _proto_ApplyGlobalConfig_Request, callback: grpc.requestCallback<_proto_ApplyGlobalConfig_Response__Output>): grpc.ClientUnaryCall;
  applyGlobalConfig(argument: _proto_ApplyGlobalConfig_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_ApplyGlobalConfig_Response__Output>): grpc.ClientUnaryCall;
  applyGlobalConfig(argument: _proto_ApplyGlobalConfig_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_ApplyGlobalConfig_Response__Output>): grpc.ClientUnaryCall;
  applyGlobalConfig(argument: _proto_ApplyGlobalConfig_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_ApplyGlobalConfig_Response__Output>): grpc.ClientUnaryCall;
  applyGlobalConfig(argument: _proto_ApplyGlobalConfig_Request, callback: grpc.requestCallback<_proto_ApplyGlobalConfig_Response__Output>): grpc.ClientUnaryCall;
  
  Check(argument: _proto_Check_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_Check_Response__Output>): grpc.ClientUnaryCall;
  Check(argument: _proto_Check_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_Check_Response__Output>): grpc.ClientUnaryCall;
  Check(argument: _proto_Check_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_Check_Response__Output>): grpc.ClientUnaryCall;
  Check(argument: _proto_Check_Request, callback: grpc.requestCallback<_proto_Check_Response__Output>): grpc.ClientUnaryCall;
  check(argument: _proto_Check_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_Check_Response__Output>): grpc.ClientUnaryCall;
  check(argument: _proto_Check_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_Check_Response__Output>): grpc.ClientUnaryCall;
  check(argument: _proto_Check_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_Check_Response__Output>): grpc.ClientUnaryCall;
  check(argument: _proto_Check_Request, callback: grpc.requestCallback<_proto_Check_Response__Output>): grpc.ClientUnaryCall;
  
  GetConfigSchema(argument: _proto_GetConfigSchema_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetConfigSchema_Response__Output>): grpc.ClientUnaryCall;
  GetConfigSchema(argument: _proto_GetConfigSchema_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetConfigSchema_Response__Output>): grpc.ClientUnaryCall;
  GetConfigSchema(argument: _proto_GetConfigSchema_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetConfigSchema_Response__Output>): grpc.ClientUnaryCall;
  GetConfigSchema(argument: _proto_GetConfigSchema_Request, callback: grpc.requestCallback<_proto_GetConfigSchema_Response__Output>): grpc.ClientUnaryCall;
  getConfigSchema(argument: _proto_GetConfigSchema_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetConfigSchema_Response__Output>): grpc.ClientUnaryCall;
  getConfigSchema(argument: _proto_GetConfigSchema_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetConfigSchema_Response__Output>): grpc.ClientUnaryCall;
  getConfigSchema(argument: _proto_GetConfigSchema_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetConfigSchema_Response__Output>): grpc.ClientUnaryCall;
  getConfigSchema(argument: _proto_GetConfigSchema_Request, callback: grpc.requestCallback<_proto_GetConfigSchema_Response__Output>): grpc.ClientUnaryCall;
  
  GetName(argument: _proto_GetName_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetName_Response__Output>): grpc.ClientUnaryCall;
  GetName(argument: _proto_GetName_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetName_Response__Output>): grpc.ClientUnaryCall;
  GetName(argument: _proto_GetName_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetName_Response__Output>): grpc.ClientUnaryCall;
  GetName(argument: _proto_GetName_Request, callback: grpc.requestCallback<_proto_GetName_Response__Output>): grpc.ClientUnaryCall;
  getName(argument: _proto_GetName_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetName_Response__Output>): grpc.ClientUnaryCall;
  getName(argument: _proto_GetName_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetName_Response__Output>): grpc.ClientUnaryCall;
  getName(argument: _proto_GetName_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetName_Response__Output>): grpc.ClientUnaryCall;
  getName(argument: _proto_GetName_Request, callback: grpc.requestCallback<_proto_GetName_Response__Output>): grpc.ClientUnaryCall;
  
  GetRuleNames(argument: _proto_GetRuleNames_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetRuleNames_Response__Output>): grpc.ClientUnaryCall;
  GetRuleNames(argument: _proto_GetRuleNames_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetRuleNames_Response__Output>): grpc.ClientUnaryCall;
  GetRuleNames(argument: _proto_GetRuleNames_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetRuleNames_Response__Output>): grpc.ClientUnaryCall;
  GetRuleNames(argument: _proto_GetRuleNames_Request, callback: grpc.requestCallback<_proto_GetRuleNames_Response__Output>): grpc.ClientUnaryCall;
  getRuleNames(argument: _proto_GetRuleNames_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetRuleNames_Response__Output>): grpc.ClientUnaryCall;
  getRuleNames(argument: _proto_GetRuleNames_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetRuleNames_Response__Output>): grpc.ClientUnaryCall;
  getRuleNames(argument: _proto_GetRuleNames_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetRuleNames_Response__Output>): grpc.ClientUnaryCall;
  getRuleNames(argument: _proto_GetRuleNames_Request, callback: grpc.requestCallback<_proto_GetRuleNames_Response__Output>): grpc.ClientUnaryCall;
  
  GetSDKVersion(argument: _proto_GetSDKVersion_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetSDKVersion_Response__Output>): grpc.ClientUnaryCall;
  GetSDKVersion(argument: _proto_GetSDKVersion_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetSDKVersion_Response__Output>): grpc.ClientUnaryCall;
  GetSDKVersion(argument: _proto_GetSDKVersion_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetSDKVersion_Response__Output>): grpc.ClientUnaryCall;
  GetSDKVersion(argument: _proto_GetSDKVersion_Request, callback: grpc.requestCallback<_proto_GetSDKVersion_Response__Output>): grpc.ClientUnaryCall;
  getSdkVersion(argument: _proto_GetSDKVersion_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetSDKVersion_Response__Output>): grpc.ClientUnaryCall;
  getSdkVersion(argument: _proto_GetSDKVersion_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetSDKVersion_Response__Output>): grpc.ClientUnaryCall;
  getSdkVersion(argument: _proto_GetSDKVersion_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetSDKVersion_Response__Output>): grpc.ClientUnaryCall;
  getSdkVersion(argument: _proto_GetSDKVersion_Request, callback: grpc.requestCallback<_proto_GetSDKVersion_Response__Output>): grpc.ClientUnaryCall;
  
  GetVersion(argument: _proto_GetVersion_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetVersion_Response__Output>): grpc.ClientUnaryCall;
  GetVersion(argument: _proto_GetVersion_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetVersion_Response__Output>): grpc.ClientUnaryCall;
  GetVersion(argument: _proto_GetVersion_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetVersion_Response__Output>): grpc.ClientUnaryCall;
  GetVersion(argument: _proto_GetVersion_Request, callback: grpc.requestCallback<_proto_GetVersion_Response__Output>): grpc.ClientUnaryCall;
  getVersion(argument: _proto_GetVersion_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetVersion_Response__Output>): grpc.ClientUnaryCall;
  getVersion(argument: _proto_GetVersion_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetVersion_Response__Output>): grpc.ClientUnaryCall;
  getVersion(argument: _proto_GetVersion_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetVersion_Response__Output>): grpc.ClientUnaryCall;
  getVersion(argument: _proto_GetVersion_Request, callback: grpc.requestCallback<_proto_GetVersion_Response__Output>): grpc.ClientUnaryCall;
  
  GetVersionConstraint(argument: _proto_GetVersionConstraint_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetVersionConstraint_Response__Output>): grpc.ClientUnaryCall;
  GetVersionConstraint(argument: _proto_GetVersionConstraint_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetVersionConstraint_Response__Output>): grpc.ClientUnaryCall;
  GetVersionConstraint(argument: _proto_GetVersionConstraint_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetVersionConstraint_Response__Output>): grpc.ClientUnaryCall;
  GetVersionConstraint(argument: _proto_GetVersionConstraint_Request, callback: grpc.requestCallback<_proto_GetVersionConstraint_Response__Output>): grpc.ClientUnaryCall;
  getVersionConstraint(argument: _proto_GetVersionConstraint_Request, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetVersionConstraint_Response__Output>): grpc.ClientUnaryCall;
  getVersionConstraint(argument: _proto_GetVersionConstraint_Request, metadata: grpc.Metadata, callback: grpc.requestCallback<_proto_GetVersionConstraint_Response__Output>): grpc.ClientUnaryCall;
  getVersionConstraint(argument: _proto_GetVersionConstraint_Request, options: grpc.CallOptions, callback: grpc.requestCallback<_proto_GetVersionConstraint_Response__Output>): grpc.ClientUnaryCall;
  getVersionConstraint(argument: _proto_GetVersionConstraint_Request, callback: grpc.requestCallback<_proto_GetVersionConstraint_Response__Output>): grpc.ClientUnaryCall;
  
}

export interface RuleSetHandlers extends grpc.UntypedServiceImplementation {
  ApplyConfig: grpc.handleUnaryCall<_proto_ApplyConfig_Request__Output, _proto_ApplyConfig_Response>;
  
  ApplyGlobalConfig: grpc.handleUnaryCall<_proto_ApplyGlobalConfig_Request__Output, _proto_ApplyGlobalConfig_Response>;
  
  Check: grpc.handleUnaryCall<_proto_Check_Request__Output, _proto_Check_Response>;
  
  GetConfigSchema: grpc.handleUnaryCall<_proto_GetConfigSchema_Request__Output, _proto_GetConfigSchema_Response>;
  
  GetName: grpc.handleUnaryCall<_proto_GetName_Request__Output, _proto_GetName_Response>;
  
  GetRuleNames: grpc.handleUnaryCall<_proto_GetRuleNames_Request__Output, _proto_GetRuleNames_Response>;
  
  GetSDKVersion: grpc.handleUnaryCall<_proto_GetSDKVersion_Request__Output, _proto_GetSDKVersion_Response>;
  
  GetVersion: grpc.handleUnaryCall<_proto_GetVersion_Request__Output, _proto_GetVersion_Response>;
  
  GetVersionConstraint: grpc.handleUnaryCall<_proto_GetVersionConstraint_Request__Output, _proto_GetVersionConstraint_Response>;
  
}

export interface RuleSetDefinition extends grpc.ServiceDefinition {
  ApplyConfig: MethodDefinition<_proto_ApplyConfig_Request, _proto_ApplyConfig_Response, _proto_ApplyConfig_Request__Output, _proto_ApplyConfig_Response__Output>
  ApplyGlobalConfig: MethodDefinition<_proto_ApplyGlobalConfig_Request, _proto_ApplyGlobalConfig_Response, _proto_ApplyGlobalConfig_Request__Output, _proto_ApplyGlobalConfig_Response__Output>
  Check: MethodDefinition<_proto_Check_Request, _proto_Check_Response, _proto_Check_Request__Output, _proto_Check_Response__Output>
  GetConfigSchema: MethodDefinition<_proto_GetConfigSchema_Request, _proto_GetConfigSchema_Response, _proto_GetConfigSchema_Request__Output, _proto_GetConfigSchema_Response__Output>
  GetName: MethodDefinition<_proto_GetName_Request, _proto_GetName_Response, _proto_GetName_Request__Output, _proto_GetName_Response__Output>
  GetRuleNames: MethodDefinition<_proto_GetRuleNames_Request, _proto_GetRuleNames_Response, _proto_GetRuleNames_Request__Output, _proto_GetRuleNames_Response__Output>
  GetSDKVersion: MethodDefinition<_proto_GetSDKVersion_Request, _proto_GetSDKVersion_Response, _proto_GetSDKVersion_Request__Output, _proto_GetSDKVersion_Response__Output>
  GetVersion: MethodDefinition<_proto_GetVersion_Request, _proto_GetVersion_Response, _proto_GetVersion_Request__Output, _proto_GetVersion_Response__Output>
  GetVersionConstraint: MethodDefinition<_proto_GetVersionConstraint_Request, _proto_GetVersionConstraint_Response, _proto_GetVersionConstraint_Request__Output, _proto_GetVersionConstraint_Response__Output>
}
