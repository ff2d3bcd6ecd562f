// Original file: tfplugin6.proto


export interface ServerCapabilities {
  'planDestroy'?: (boolean);
  'getProviderSchemaOptional'?: (boolean);
  'moveResourceState'?: (boolean);
}

export interface ServerCapabilities__Output {
  'planDestroy': (boolean);
  'getProviderSchemaOptional': (boolean);
  'moveResourceState': (boolean);
}
