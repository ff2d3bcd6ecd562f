// Original file: tflint.proto


export interface _proto_GetName_Request {
}

export interface _proto_GetName_Request__Output {
}

export interface _proto_GetName_Response {
  'name'?: (string);
}

export interface _proto_GetName_Response__Output {
  'name': (string);
}

export interface GetName {
}

export interface GetName__Output {
}
