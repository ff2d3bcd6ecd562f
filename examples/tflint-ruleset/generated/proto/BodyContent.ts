// Original file: tflint.proto

import type { Range as _proto_Range, Range__Output as _proto_Range__Output } from '../proto/Range.ts';
import type { Expression as _proto_Expression, Expression__Output as _proto_Expression__Output } from '../proto/Expression.ts';
import type { BodyContent as _proto_BodyContent, BodyContent__Output as _proto_BodyContent__Output } from '../proto/BodyContent.ts';

export interface _proto_BodyContent_Attribute {
  'name'?: (string);
  'range'?: (_proto_Range | null);
  'nameRange'?: (_proto_Range | null);
  'expression'?: (_proto_Expression | null);
}

export interface _proto_BodyContent_Attribute__Output {
  'name': (string);
  'range': (_proto_Range__Output | null);
  'nameRange': (_proto_Range__Output | null);
  'expression': (_proto_Expression__Output | null);
}

export interface _proto_BodyContent_Block {
  'type'?: (string);
  'labels'?: (string)[];
  'body'?: (_proto_BodyContent | null);
  'defRange'?: (_proto_Range | null);
  'typeRange'?: (_proto_Range | null);
  'labelRanges'?: (_proto_Range)[];
}

export interface _proto_BodyContent_Block__Output {
  'type': (string);
  'labels': (string)[];
  'body': (_proto_BodyContent__Output | null);
  'defRange': (_proto_Range__Output | null);
  'typeRange': (_proto_Range__Output | null);
  'labelRanges': (_proto_Range__Output)[];
}

export interface BodyContent {
  'attributes'?: ({[key: string]: _proto_BodyContent_Attribute});
  'blocks'?: (_proto_BodyContent_Block)[];
}

export interface BodyContent__Output {
  'attributes': ({[key: string]: _proto_BodyContent_Attribute__Output});
  'blocks': (_proto_BodyContent_Block__Output)[];
}
