import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { ApplyConfig as _proto_ApplyConfig, ApplyConfig__Output as _proto_ApplyConfig__Output } from './proto/ApplyConfig.ts';
import type { ApplyGlobalConfig as _proto_ApplyGlobalConfig, ApplyGlobalConfig__Output as _proto_ApplyGlobalConfig__Output } from './proto/ApplyGlobalConfig.ts';
import type { AttributePath as _proto_AttributePath, AttributePath__Output as _proto_AttributePath__Output } from './proto/AttributePath.ts';
import type { BodyContent as _proto_BodyContent, BodyContent__Output as _proto_BodyContent__Output } from './proto/BodyContent.ts';
import type { BodySchema as _proto_BodySchema, BodySchema__Output as _proto_BodySchema__Output } from './proto/BodySchema.ts';
import type { Check as _proto_Check, Check__Output as _proto_Check__Output } from './proto/Check.ts';
import type { EmitIssue as _proto_EmitIssue, EmitIssue__Output as _proto_EmitIssue__Output } from './proto/EmitIssue.ts';
import type { EvaluateExpr as _proto_EvaluateExpr, EvaluateExpr__Output as _proto_EvaluateExpr__Output } from './proto/EvaluateExpr.ts';
import type { Expression as _proto_Expression, Expression__Output as _proto_Expression__Output } from './proto/Expression.ts';
import type { GetConfigSchema as _proto_GetConfigSchema, GetConfigSchema__Output as _proto_GetConfigSchema__Output } from './proto/GetConfigSchema.ts';
import type { GetModuleContent as _proto_GetModuleContent, GetModuleContent__Output as _proto_GetModuleContent__Output } from './proto/GetModuleContent.ts';
import type { GetName as _proto_GetName, GetName__Output as _proto_GetName__Output } from './proto/GetName.ts';
import type { GetRuleNames as _proto_GetRuleNames, GetRuleNames__Output as _proto_GetRuleNames__Output } from './proto/GetRuleNames.ts';
import type { GetSDKVersion as _proto_GetSDKVersion, GetSDKVersion__Output as _proto_GetSDKVersion__Output } from './proto/GetSDKVersion.ts';
import type { GetVersion as _proto_GetVersion, GetVersion__Output as _proto_GetVersion__Output } from './proto/GetVersion.ts';
import type { GetVersionConstraint as _proto_GetVersionConstraint, GetVersionConstraint__Output as _proto_GetVersionConstraint__Output } from './proto/GetVersionConstraint.ts';
import type { Range as _proto_Range, Range__Output as _proto_Range__Output } from './proto/Range.ts';
import type { RuleSetClient as _proto_RuleSetClient, RuleSetDefinition as _proto_RuleSetDefinition } from './proto/RuleSet.ts';
import type { RunnerClient as _proto_RunnerClient, RunnerDefinition as _proto_RunnerDefinition } from './proto/Runner.ts';
import type { ValueMark as _proto_ValueMark, ValueMark__Output as _proto_ValueMark__Output } from './proto/ValueMark.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  proto: {
    ApplyConfig: MessageTypeDefinition<_proto_ApplyConfig, _proto_ApplyConfig__Output>
    ApplyGlobalConfig: MessageTypeDefinition<_proto_ApplyGlobalConfig, _proto_ApplyGlobalConfig__Output>
    AttributePath: MessageTypeDefinition<_proto_AttributePath, _proto_AttributePath__Output>
    BodyContent: MessageTypeDefinition<_proto_BodyContent, _proto_BodyContent__Output>
    BodySchema: MessageTypeDefinition<_proto_BodySchema, _proto_BodySchema__Output>
    Check: MessageTypeDefinition<_proto_Check, _proto_Check__Output>
    EmitIssue: MessageTypeDefinition<_proto_EmitIssue, _proto_EmitIssue__Output>
    EvaluateExpr: MessageTypeDefinition<_proto_EvaluateExpr, _proto_EvaluateExpr__Output>
    Expression: MessageTypeDefinition<_proto_Expression, _proto_Expression__Output>
    GetConfigSchema: MessageTypeDefinition<_proto_GetConfigSchema, _proto_GetConfigSchema__Output>
    GetModuleContent: MessageTypeDefinition<_proto_GetModuleContent, _proto_GetModuleContent__Output>
    GetName: MessageTypeDefinition<_proto_GetName, _proto_GetName__Output>
    GetRuleNames: MessageTypeDefinition<_proto_GetRuleNames, _proto_GetRuleNames__Output>
    GetSDKVersion: MessageTypeDefinition<_proto_GetSDKVersion, _proto_GetSDKVersion__Output>
    GetVersion: MessageTypeDefinition<_proto_GetVersion, _proto_GetVersion__Output>
    GetVersionConstraint: MessageTypeDefinition<_proto_GetVersionConstraint, _proto_GetVersionConstraint__Output>
    ModuleCtxType: EnumTypeDefinition
    Range: MessageTypeDefinition<_proto_Range, _proto_Range__Output>
    RuleSet: SubtypeConstructor<typeof grpc.Client, _proto_RuleSetClient> & { service: _proto_RuleSetDefinition }
    Runner: SubtypeConstructor<typeof grpc.Client, _proto_RunnerClient> & { service: _proto_RunnerDefinition }
    SchemaMode: EnumTypeDefinition
    ValueMark: MessageTypeDefinition<_proto_ValueMark, _proto_ValueMark__Output>
  }
}

