// Original file: tflint.proto

import type { SchemaMode as _proto_SchemaMode, SchemaMode__Output as _proto_SchemaMode__Output } from '../proto/SchemaMode.ts';
import type { BodySchema as _proto_BodySchema, BodySchema__Output as _proto_BodySchema__Output } from '../proto/BodySchema.ts';

export interface _proto_BodySchema_Attribute {
  'name'?: (string);
  'required'?: (boolean);
}

export interface _proto_BodySchema_Attribute__Output {
  'name': (string);
  'required': (boolean);
}

export interface _proto_BodySchema_Block {
  'type'?: (string);
  'labelNames'?: (string)[];
  'body'?: (_proto_BodySchema | null);
}

export interface _proto_BodySchema_Block__Output {
  'type': (string);
  'labelNames': (string)[];
  'body': (_proto_BodySchema__Output | null);
}

export interface BodySchema {
  'attributes'?: (_proto_BodySchema_Attribute)[];
  'blocks'?: (_proto_BodySchema_Block)[];
  'Mode'?: (_proto_SchemaMode);
}

export interface BodySchema__Output {
  'attributes': (_proto_BodySchema_Attribute__Output)[];
  'blocks': (_proto_BodySchema_Block__Output)[];
  'Mode': (_proto_SchemaMode__Output);
}
