// Original file: tfplugin6.proto

import type { StringKind as _tfplugin6_StringKind, StringKind__Output as _tfplugin6_StringKind__Output } from '../tfplugin6/StringKind.ts';
import type { Long } from '@grpc/proto-loader';

export interface _tfplugin6_Schema_Attribute {
  'name'?: (string);
  'type'?: (Buffer | Uint8Array | string);
  'description'?: (string);
  'required'?: (boolean);
  'optional'?: (boolean);
  'computed'?: (boolean);
  'sensitive'?: (boolean);
  'descriptionKind'?: (_tfplugin6_StringKind);
}

export interface _tfplugin6_Schema_Attribute__Output {
  'name': (string);
  'type': (Buffer);
  'description': (string);
  'required': (boolean);
  'optional': (boolean);
  'computed': (boolean);
  'sensitive': (boolean);
  'descriptionKind': (_tfplugin6_StringKind__Output);
}

export interface _tfplugin6_Schema_Block {
  'version'?: (number | string | Long);
  'attributes'?: (_tfplugin6_Schema_Attribute)[];
  'description'?: (string);
  'descriptionKind'?: (_tfplugin6_StringKind);
}

export interface _tfplugin6_Schema_Block__Output {
  'version': (number);
  'attributes': (_tfplugin6_Schema_Attribute__Output)[];
  'description': (string);
  'descriptionKind': (_tfplugin6_StringKind__Output);
}

export interface Schema {
  'version'?: (number | string | Long);
  'block'?: (_tfplugin6_Schema_Block | null);
}

export interface Schema__Output {
  'version': (number);
  'block': (_tfplugin6_Schema_Block__Output | null);
}
