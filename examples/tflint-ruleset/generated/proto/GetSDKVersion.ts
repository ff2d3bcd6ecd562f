// Original file: tflint.proto


export interface _proto_GetSDKVersion_Request {
}

export interface _proto_GetSDKVersion_Request__Output {
}

export interface _proto_GetSDKVersion_Response {
  'version'?: (string);
}

export interface _proto_GetSDKVersion_Response__Output {
  'version': (string);
}

export interface GetSDKVersion {
}

export interface GetSDKVersion__Output {
}
