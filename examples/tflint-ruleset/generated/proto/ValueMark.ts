// Original file: tflint.proto

import type { AttributePath as _proto_AttributePath, AttributePath__Output as _proto_AttributePath__Output } from '../proto/AttributePath.ts';

export interface ValueMark {
  'path'?: (_proto_AttributePath | null);
  'sensitive'?: (boolean);
  'ephemeral'?: (boolean);
}

export interface ValueMark__Output {
  'path': (_proto_AttributePath__Output | null);
  'sensitive': (boolean);
  'ephemeral': (boolean);
}
