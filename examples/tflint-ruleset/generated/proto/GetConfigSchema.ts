// Original file: tflint.proto

import type { BodySchema as _proto_BodySchema, BodySchema__Output as _proto_BodySchema__Output } from '../proto/BodySchema.ts';

export interface _proto_GetConfigSchema_Request {
}

export interface _proto_GetConfigSchema_Request__Output {
}

export interface _proto_GetConfigSchema_Response {
  'schema'?: (_proto_BodySchema | null);
}

export interface _proto_GetConfigSchema_Response__Output {
  'schema': (_proto_BodySchema__Output | null);
}

export interface GetConfigSchema {
}

export interface GetConfigSchema__Output {
}
