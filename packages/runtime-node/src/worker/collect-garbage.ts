/** Frees what this thread does not use. Node offers it to a debugger alone, so it is asked for as a debugger would. */
export async function collectGarbage(): Promise<void> {
  try {
    const { Session } = await import('node:inspector/promises')
    const session = new Session()
    session.connect()
    await session.post('HeapProfiler.collectGarbage')
    session.disconnect()
  } catch {
    // A Node built without the inspector: V8 collects when it sees fit.
  }
}
