// Original file: tflint.proto

import type { BodyContent as _proto_BodyContent, BodyContent__Output as _proto_BodyContent__Output } from '../proto/BodyContent.ts';

export interface _proto_ApplyConfig_Request {
  'content'?: (_proto_BodyContent | null);
}

export interface _proto_ApplyConfig_Request__Output {
  'content': (_proto_BodyContent__Output | null);
}

export interface _proto_ApplyConfig_Response {
}

export interface _proto_ApplyConfig_Response__Output {
}

export interface ApplyConfig {
}

export interface ApplyConfig__Output {
}
