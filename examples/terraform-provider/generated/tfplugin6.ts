import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { ApplyResourceChange as _tfplugin6_ApplyResourceChange, ApplyResourceChange__Output as _tfplugin6_ApplyResourceChange__Output } from './tfplugin6/ApplyResourceChange.ts';
import type { AttributePath as _tfplugin6_AttributePath, AttributePath__Output as _tfplugin6_AttributePath__Output } from './tfplugin6/AttributePath.ts';
import type { CallFunction as _tfplugin6_CallFunction, CallFunction__Output as _tfplugin6_CallFunction__Output } from './tfplugin6/CallFunction.ts';
import type { ConfigureProvider as _tfplugin6_ConfigureProvider, ConfigureProvider__Output as _tfplugin6_ConfigureProvider__Output } from './tfplugin6/ConfigureProvider.ts';
import type { Diagnostic as _tfplugin6_Diagnostic, Diagnostic__Output as _tfplugin6_Diagnostic__Output } from './tfplugin6/Diagnostic.ts';
import type { DynamicValue as _tfplugin6_DynamicValue, DynamicValue__Output as _tfplugin6_DynamicValue__Output } from './tfplugin6/DynamicValue.ts';
import type { Function as _tfplugin6_Function, Function__Output as _tfplugin6_Function__Output } from './tfplugin6/Function.ts';
import type { FunctionError as _tfplugin6_FunctionError, FunctionError__Output as _tfplugin6_FunctionError__Output } from './tfplugin6/FunctionError.ts';
import type { GetFunctions as _tfplugin6_GetFunctions, GetFunctions__Output as _tfplugin6_GetFunctions__Output } from './tfplugin6/GetFunctions.ts';
import type { GetMetadata as _tfplugin6_GetMetadata, GetMetadata__Output as _tfplugin6_GetMetadata__Output } from './tfplugin6/GetMetadata.ts';
import type { GetProviderSchema as _tfplugin6_GetProviderSchema, GetProviderSchema__Output as _tfplugin6_GetProviderSchema__Output } from './tfplugin6/GetProviderSchema.ts';
import type { ImportResourceState as _tfplugin6_ImportResourceState, ImportResourceState__Output as _tfplugin6_ImportResourceState__Output } from './tfplugin6/ImportResourceState.ts';
import type { PlanResourceChange as _tfplugin6_PlanResourceChange, PlanResourceChange__Output as _tfplugin6_PlanResourceChange__Output } from './tfplugin6/PlanResourceChange.ts';
import type { ProviderClient as _tfplugin6_ProviderClient, ProviderDefinition as _tfplugin6_ProviderDefinition } from './tfplugin6/Provider.ts';
import type { RawState as _tfplugin6_RawState, RawState__Output as _tfplugin6_RawState__Output } from './tfplugin6/RawState.ts';
import type { ReadDataSource as _tfplugin6_ReadDataSource, ReadDataSource__Output as _tfplugin6_ReadDataSource__Output } from './tfplugin6/ReadDataSource.ts';
import type { ReadResource as _tfplugin6_ReadResource, ReadResource__Output as _tfplugin6_ReadResource__Output } from './tfplugin6/ReadResource.ts';
import type { Schema as _tfplugin6_Schema, Schema__Output as _tfplugin6_Schema__Output } from './tfplugin6/Schema.ts';
import type { ServerCapabilities as _tfplugin6_ServerCapabilities, ServerCapabilities__Output as _tfplugin6_ServerCapabilities__Output } from './tfplugin6/ServerCapabilities.ts';
import type { StopProvider as _tfplugin6_StopProvider, StopProvider__Output as _tfplugin6_StopProvider__Output } from './tfplugin6/StopProvider.ts';
import type { UpgradeResourceState as _tfplugin6_UpgradeResourceState, UpgradeResourceState__Output as _tfplugin6_UpgradeResourceState__Output } from './tfplugin6/UpgradeResourceState.ts';
import type { ValidateDataResourceConfig as _tfplugin6_ValidateDataResourceConfig, ValidateDataResourceConfig__Output as _tfplugin6_ValidateDataResourceConfig__Output } from './tfplugin6/ValidateDataResourceConfig.ts';
import type { ValidateProviderConfig as _tfplugin6_ValidateProviderConfig, ValidateProviderConfig__Output as _tfplugin6_ValidateProviderConfig__Output } from './tfplugin6/ValidateProviderConfig.ts';
import type { ValidateResourceConfig as _tfplugin6_ValidateResourceConfig, ValidateResourceConfig__Output as _tfplugin6_ValidateResourceConfig__Output } from './tfplugin6/ValidateResourceConfig.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  tfplugin6: {
    ApplyResourceChange: MessageTypeDefinition<_tfplugin6_ApplyResourceChange, _tfplugin6_ApplyResourceChange__Output>
    AttributePath: MessageTypeDefinition<_tfplugin6_AttributePath, _tfplugin6_AttributePath__Output>
    CallFunction: MessageTypeDefinition<_tfplugin6_CallFunction, _tfplugin6_CallFunction__Output>
    ConfigureProvider: MessageTypeDefinition<_tfplugin6_ConfigureProvider, _tfplugin6_ConfigureProvider__Output>
    Diagnostic: MessageTypeDefinition<_tfplugin6_Diagnostic, _tfplugin6_Diagnostic__Output>
    DynamicValue: MessageTypeDefinition<_tfplugin6_DynamicValue, _tfplugin6_DynamicValue__Output>
    Function: MessageTypeDefinition<_tfplugin6_Function, _tfplugin6_Function__Output>
    FunctionError: MessageTypeDefinition<_tfplugin6_FunctionError, _tfplugin6_FunctionError__Output>
    GetFunctions: MessageTypeDefinition<_tfplugin6_GetFunctions, _tfplugin6_GetFunctions__Output>
    GetMetadata: MessageTypeDefinition<_tfplugin6_GetMetadata, _tfplugin6_GetMetadata__Output>
    GetProviderSchema: MessageTypeDefinition<_tfplugin6_GetProviderSchema, _tfplugin6_GetProviderSchema__Output>
    ImportResourceState: MessageTypeDefinition<_tfplugin6_ImportResourceState, _tfplugin6_ImportResourceState__Output>
    PlanResourceChange: MessageTypeDefinition<_tfplugin6_PlanResourceChange, _tfplugin6_PlanResourceChange__Output>
    Provider: SubtypeConstructor<typeof grpc.Client, _tfplugin6_ProviderClient> & { service: _tfplugin6_ProviderDefinition }
    RawState: MessageTypeDefinition<_tfplugin6_RawState, _tfplugin6_RawState__Output>
    ReadDataSource: MessageTypeDefinition<_tfplugin6_ReadDataSource, _tfplugin6_ReadDataSource__Output>
    ReadResource: MessageTypeDefinition<_tfplugin6_ReadResource, _tfplugin6_ReadResource__Output>
    Schema: MessageTypeDefinition<_tfplugin6_Schema, _tfplugin6_Schema__Output>
    ServerCapabilities: MessageTypeDefinition<_tfplugin6_ServerCapabilities, _tfplugin6_ServerCapabilities__Output>
    StopProvider: MessageTypeDefinition<_tfplugin6_StopProvider, _tfplugin6_StopProvider__Output>
    StringKind: EnumTypeDefinition
    UpgradeResourceState: MessageTypeDefinition<_tfplugin6_UpgradeResourceState, _tfplugin6_UpgradeResourceState__Output>
    ValidateDataResourceConfig: MessageTypeDefinition<_tfplugin6_ValidateDataResourceConfig, _tfplugin6_ValidateDataResourceConfig__Output>
    ValidateProviderConfig: MessageTypeDefinition<_tfplugin6_ValidateProviderConfig, _tfplugin6_ValidateProviderConfig__Output>
    ValidateResourceConfig: MessageTypeDefinition<_tfplugin6_ValidateResourceConfig, _tfplugin6_ValidateResourceConfig__Output>
  }
}

