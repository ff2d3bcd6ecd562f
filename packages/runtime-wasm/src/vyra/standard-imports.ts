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
}
