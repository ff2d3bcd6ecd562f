// Original file: tflint.proto


export interface _proto_Check_Request {
  'runner'?: (number);
}

export interface _proto_Check_Request__Output {
  'runner': (number);
}

export interface _proto_Check_Response {
}

export interface _proto_Check_Response__Output {
}

export interface Check {
}

export interface Check__Output {
}
