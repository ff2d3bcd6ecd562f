// Original file: tflint.proto

import type { Long } from '@grpc/proto-loader';

export interface _proto_AttributePath_Step {
  'attributeName'?: (string);
  'elementKeyString'?: (string);
  'elementKeyInt'?: (number | string | Long);
  'selector'?: "attributeName"|"elementKeyString"|"elementKeyInt";
}

export interface _proto_AttributePath_Step__Output {
  'attributeName'?: (string);
  'elementKeyString'?: (string);
  'elementKeyInt'?: (number);
}

export interface AttributePath {
  'steps'?: (_proto_AttributePath_Step)[];
}

export interface AttributePath__Output {
  'steps': (_proto_AttributePath_Step__Output)[];
}
