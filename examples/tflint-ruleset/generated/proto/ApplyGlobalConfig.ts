// Original file: tflint.proto


export interface _proto_ApplyGlobalConfig_Config {
  'rules'?: ({[key: string]: _proto_ApplyGlobalConfig_RuleConfig});
  'disabledByDefault'?: (boolean);
  'only'?: (string)[];
  'fix'?: (boolean);
}

export interface _proto_ApplyGlobalConfig_Config__Output {
  'rules': ({[key: string]: _proto_ApplyGlobalConfig_RuleConfig__Output});
  'disabledByDefault': (boolean);
  'only': (string)[];
  'fix': (boolean);
}

export interface _proto_ApplyGlobalConfig_Request {
  'config'?: (_proto_ApplyGlobalConfig_Config | null);
}

export interface _proto_ApplyGlobalConfig_Request__Output {
  'config': (_proto_ApplyGlobalConfig_Config__Output | null);
}

export interface _proto_ApplyGlobalConfig_Response {
}

export interface _proto_ApplyGlobalConfig_Response__Output {
}

export interface _proto_ApplyGlobalConfig_RuleConfig {
  'name'?: (string);
  'enabled'?: (boolean);
}

export interface _proto_ApplyGlobalConfig_RuleConfig__Output {
  'name': (string);
  'enabled': (boolean);
}

export interface ApplyGlobalConfig {
}

export interface ApplyGlobalConfig__Output {
}
