using Google.Protobuf;

namespace Waggle.Hubble.Rpc;

/// <summary>What a method is called and what travels.</summary>
/// <param name="Service">Full name of the service, "observer.Observer".</param>
/// <param name="Name">Name of the method.</param>
/// <param name="RequestParser">Reads requests.</param>
/// <param name="ResponseParser">Reads responses.</param>
public sealed record RpcMethod<TRequest, TResponse>(string Service, string Name, MessageParser<TRequest> RequestParser, MessageParser<TResponse> ResponseParser)
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    /// <summary>The HTTP path.</summary>
    public string Path { get; } = $"/{Service}/{Name}";
}
