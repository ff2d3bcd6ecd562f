// Original file: tflint.proto


export interface _proto_GetVersionConstraint_Request {
}

export interface _proto_GetVersionConstraint_Request__Output {
}

export interface _proto_GetVersionConstraint_Response {
  'constraint'?: (string);
}

export interface _proto_GetVersionConstraint_Response__Output {
  'constraint': (string);
}

export interface GetVersionConstraint {
}

export interface GetVersionConstraint__Output {
}
