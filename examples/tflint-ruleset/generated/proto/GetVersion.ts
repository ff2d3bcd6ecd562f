// Original file: tflint.proto


export interface _proto_GetVersion_Request {
}

export interface _proto_GetVersion_Request__Output {
}

export interface _proto_GetVersion_Response {
  'version'?: (string);
}

export interface _proto_GetVersion_Response__Output {
  'version': (string);
}

export interface GetVersion {
}

export interface GetVersion__Output {
}
