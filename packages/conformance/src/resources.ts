/** What this process holds open that a forgotten transport or plugin would: sockets, pipes, threads, processes. */
export function openResources(): string[] {
  return process.getActiveResourcesInfo().filter((type) => /TCP|TLS|Pipe|MessagePort|Worker|Process|FS/.test(type))
}
