import type { ClientOptions } from '@grpc/grpc-js'

/**
 * grpc-js's channel as its stubs know it; the class that the package exports has private parts, which no other can
 * have.
 */
export type GrpcChannel = NonNullable<ClientOptions['channelOverride']>

/** A call of a channel; grpc-js exports neither this type nor those below by name. */
export type Call = ReturnType<GrpcChannel['createCall']>
export type Listener = Parameters<Call['start']>[1]
export type MessageContext = Parameters<Call['sendMessageWithContext']>[0]
export type AuthContext = NonNullable<ReturnType<Call['getAuthContext']>>
export type ParentCall = NonNullable<Parameters<GrpcChannel['createCall']>[3]>
