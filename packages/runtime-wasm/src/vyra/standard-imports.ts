import type { VyraFunction } from './metadata.ts'

/** Imports of the namespace `vyra`, whose signatures are fixed; `host` is the host method behind each. */
export const standardImports: Readonly<Record<string, VyraFunction & { readonly host?: string }>> = {
  log: {
    name: 'log',
    host: 'vyra_log',
    args: [
      { name: 'message', type: 'string' },
      { name: 'level', type: 'i32' },
    ],
  },
  notify_ui: {
    name: 'notify_ui',
    host: 'vyra_notify_ui',
    args: [
      { name: 'event', type: 'string' },
      { name: 'data', type: 'json' },
    ],
  },
  publish: {
    name: 'publish',
    host: 'vyra_publish',
    args: [
      { name: 'topic', type: 'string' },
      { name: 'payload', type: 'json' },
    ],
  },
  request: {
    name: 'request',
    host: 'vyra_request',
    args: [
      { name: 'topic', type: 'string' },
      { name: 'payload', type: 'json' },
    ],
    returns: 'json',
  },
  // Messages of a topic, and requests under a name, are handed to one of the guest's own functions, which its metadata declares.
  create_subscriber: {
    name: 'create_subscriber',
    host: 'vyra_create_subscriber',
    args: [
      { name: 'topic', type: 'string' },
      { name: 'handler', type: 'string' },
    ],
  },
  create_server: {
    name: 'create_server',
    host: 'vyra_create_server',
    args: [
      { name: 'name', type: 'string' },
      { name: 'handler', type: 'string' },
    ],
  },
}
