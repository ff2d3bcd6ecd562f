/**
 * hashicorp/go-plugin in TypeScript, both sides: run stock go-plugin binaries from Node, and write plugins that stock
 * go-plugin hosts run.
 *
 * Nothing of the gRPC protocol is missing: version negotiation, AutoMTLS, the broker in both directions and
 * multiplexed, stdio, health, reflection, reattach, checksums. It stands alone; under a Backplane host it is also a
 * plugin runtime. net/rpc plugins, which speak Go's own encoding, are refused with a text that says so.
 *
 * @packageDocumentation
 */
export type {
  Broker,
  BrokerConnection,
  BrokerDialInit,
  BrokerServer,
  ServedService,
} from './broker/broker.ts'
export type { SecureConfig } from './client/checksum.ts'
export { pluginClient } from './client/client.ts'
export type { PluginClient } from './client/contract.ts'
export type { CallFacts, CallOutcome, PluginHooks } from './client/hooks.ts'
export type {
  ClientPlugin,
  ClientPluginSet,
  DispenseContext,
  Dispensed,
  PluginClientComponents,
  PluginClientInit,
  RetryInit,
  UnixSocketInit,
} from './client/init.ts'
export { type OpenTelemetryApi, openTelemetryHooks } from './client/open-telemetry.ts'
export type { RateLimit } from './client/rate-limit.ts'
export { type ReattachConfig, type ReattachJson, reattachFromJson, reattachToJson } from './client/reattach.ts'
export { type ClientRegistry, clientRegistry } from './client/registry.ts'
export {
  type CommandSpec,
  type ExitInfo,
  type PluginRunner,
  processRunner,
  type RunnerFactory,
} from './client/runner.ts'
export type { ServiceCallInit, ServiceClient, ServiceHandle, ServiceMethod } from './client/service.ts'
export { type HandshakeErrorCode, handshakeErrorCatalogue } from './errors.ts'
export {
  formatHandshakeLine,
  type HandshakeLine,
  type HandshakeRules,
  type PluginAddress,
  parseHandshakeLine,
} from './handshake/line.ts'
export type { HandshakeConfig } from './handshake/versions.ts'
export { type HclogLoggerInit, hclogLogger } from './log/hclog.ts'
export { type PluginLogEntry, type PluginLogLevel, PluginLogParser } from './log/parse.ts'
export type { Callback, HostServiceContext, HostServices } from './runtime/callbacks.ts'
export { type InspectInit, inspectPlugin, type PluginFacts } from './runtime/inspect.ts'
export { type ProcessRuntimeComponents, type ProcessRuntimeInit, processRuntime } from './runtime/process-runtime.ts'
export type { ProcessSection } from './runtime/section.ts'
export type { HealthReporter } from './serve/health.ts'
export { type Handler, type HandlerContext, implement } from './serve/implement.ts'
export type {
  PluginServer,
  ServeContext,
  ServePluginComponents,
  ServePluginInit,
  ServerPlugin,
  ServerPluginSet,
  TestModeInit,
} from './serve/init.ts'
export { servePlugin } from './serve/serve.ts'
export {
  type CertificateFacts,
  type Curve,
  type Identity,
  inspectCertificate,
  loadIdentity,
  type MakeCertificateInit,
  makeCertificate,
} from './tls/certificate.ts'
export { type CertificateSet, RotatingCertificates } from './tls/rotate.ts'
export { fastWire } from './wire/fast.ts'
export { grpcJsWire } from './wire/grpc-js.ts'
export type { ServingState } from './wire/messages.ts'
export type { DialInit, DialTarget, DialTls, ServeTls, Wire, WireChannel, WireServer } from './wire/wire.ts'
