// Original file: tfplugin6.proto

import type { ServerCapabilities as _tfplugin6_ServerCapabilities, ServerCapabilities__Output as _tfplugin6_ServerCapabilities__Output } from '../tfplugin6/ServerCapabilities.ts';
import type { Diagnostic as _tfplugin6_Diagnostic, Diagnostic__Output as _tfplugin6_Diagnostic__Output } from '../tfplugin6/Diagnostic.ts';

export interface _tfplugin6_GetMetadata_DataSourceMetadata {
  'typeName'?: (string);
}

export interface _tfplugin6_GetMetadata_DataSourceMetadata__Output {
  'typeName': (string);
}

export interface _tfplugin6_GetMetadata_FunctionMetadata {
  'name'?: (string);
}

export interface _tfplugin6_GetMetadata_FunctionMetadata__Output {
  'name': (string);
}

export interface _tfplugin6_GetMetadata_Request {
}

export interface _tfplugin6_GetMetadata_Request__Output {
}

export interface _tfplugin6_GetMetadata_ResourceMetadata {
  'typeName'?: (string);
}

export interface _tfplugin6_GetMetadata_ResourceMetadata__Output {
  'typeName': (string);
}

export interface _tfplugin6_GetMetadata_Response {
  'serverCapabilities'?: (_tfplugin6_ServerCapabilities | null);
  'diagnostics'?: (_tfplugin6_Diagnostic)[];
  'dataSources'?: (_tfplugin6_GetMetadata_DataSourceMetadata)[];
  'resources'?: (_tfplugin6_GetMetadata_ResourceMetadata)[];
  'functions'?: (_tfplugin6_GetMetadata_FunctionMetadata)[];
}

export interface _tfplugin6_GetMetadata_Response__Output {
  'serverCapabilities': (_tfplugin6_ServerCapabilities__Output | null);
  'diagnostics': (_tfplugin6_Diagnostic__Output)[];
  'dataSources': (_tfplugin6_GetMetadata_DataSourceMetadata__Output)[];
  'resources': (_tfplugin6_GetMetadata_ResourceMetadata__Output)[];
  'functions': (_tfplugin6_GetMetadata_FunctionMetadata__Output)[];
}

export interface GetMetadata {
}

export interface GetMetadata__Output {
}
