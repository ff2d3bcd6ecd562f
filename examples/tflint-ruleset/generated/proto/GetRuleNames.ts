// Original file: tflint.proto


export interface _proto_GetRuleNames_Request {
}

export interface _proto_GetRuleNames_Request__Output {
}

export interface _proto_GetRuleNames_Response {
  'names'?: (string)[];
}

export interface _proto_GetRuleNames_Response__Output {
  'names': (string)[];
}

export interface GetRuleNames {
}

export interface GetRuleNames__Output {
}
