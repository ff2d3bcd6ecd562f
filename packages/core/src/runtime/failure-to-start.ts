import { messageOf } from '../errors.ts'

const words: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no file descriptors left; raise its limit (`ulimit -n`, LimitNOFILE) or run fewer plugins',
  ENFILE: 'this machine has no file descriptors left',
  EAGAIN: 'this user may start no more processes or threads (`ulimit -u`, TasksMax)',
  ENOMEM: 'this machine has no memory left for it',
}

/**
 * Says in words why a process or a thread could not be started, for the `reason` of an error: what the system calls
 * `EMFILE`, `ENFILE`, `EAGAIN` or `ENOMEM` is explained, with what helps. Other errors keep their message.
 */
export function failureToStart(error: unknown): string {
  const message = messageOf(error)
  const { code } = (error ?? {}) as { readonly code?: unknown }
  // Node puts the name of the system's error into the text alone where a thread cannot be made.
  const name = Object.keys(words).find((one) => code === one || (isWorkerInit(code) && message.includes(one)))
  return name === undefined ? message : `${words[name]} (${name})`
}

function isWorkerInit(code: unknown): boolean {
  return code === 'ERR_WORKER_INIT_FAILED'
}
