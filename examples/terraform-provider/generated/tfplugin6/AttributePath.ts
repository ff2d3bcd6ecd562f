// Original file: tfplugin6.proto

import type { Long } from '@grpc/proto-loader';

export interface _tfplugin6_AttributePath_Step {
  'attributeName'?: (string);
  'elementKeyString'?: (string);
  'elementKeyInt'?: (number | string | Long);
  'selector'?: "attributeName"|"elementKeyString"|"elementKeyInt";
}

export interface _tfplugin6_AttributePath_Step__Output {
  'attributeName'?: (string);
  'elementKeyString'?: (string);
  'elementKeyInt'?: (number);
}

export interface AttributePath {
  'steps'?: (_tfplugin6_AttributePath_Step)[];
}

export interface AttributePath__Output {
  'steps': (_tfplugin6_AttributePath_Step__Output)[];
}
