// Original file: tfplugin6.proto

import type { Schema as _tfplugin6_Schema, Schema__Output as _tfplugin6_Schema__Output } from '../tfplugin6/Schema.ts';
import type { Diagnostic as _tfplugin6_Diagnostic, Diagnostic__Output as _tfplugin6_Diagnostic__Output } from '../tfplugin6/Diagnostic.ts';
import type { ServerCapabilities as _tfplugin6_ServerCapabilities, ServerCapabilities__Output as _tfplugin6_ServerCapabilities__Output } from '../tfplugin6/ServerCapabilities.ts';
import type { Function as _tfplugin6_Function, Function__Output as _tfplugin6_Function__Output } from '../tfplugin6/Function.ts';

export interface _tfplugin6_GetProviderSchema_Request {
}

export interface _tfplugin6_GetProviderSchema_Request__Output {
}

export interface _tfplugin6_GetProviderSchema_Response {
  'provider'?: (_tfplugin6_Schema | null);
  'resourceSchemas'?: ({[key: string]: _tfplugin6_Schema});
  'dataSourceSchemas'?: ({[key: string]: _tfplugin6_Schema});
  'diagnostics'?: (_tfplugin6_Diagnostic)[];
  'serverCapabilities'?: (_tfplugin6_ServerCapabilities | null);
  'functions'?: ({[key: string]: _tfplugin6_Function});
}

export interface _tfplugin6_GetProviderSchema_Response__Output {
  'provider': (_tfplugin6_Schema__Output | null);
  'resourceSchemas': ({[key: string]: _tfplugin6_Schema__Output});
  'dataSourceSchemas': ({[key: string]: _tfplugin6_Schema__Output});
  'diagnostics': (_tfplugin6_Diagnostic__Output)[];
  'serverCapabilities': (_tfplugin6_ServerCapabilities__Output | null);
  'functions': ({[key: string]: _tfplugin6_Function__Output});
}

export interface GetProviderSchema {
}

export interface GetProviderSchema__Output {
}
