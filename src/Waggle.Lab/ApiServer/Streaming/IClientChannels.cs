using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The channels of exec and attach, whatever carries them.</summary>
internal enum Channel : byte
{
    Stdin = 0,
    Stdout = 1,
    Stderr = 2,
    Error = 3,
    Resize = 4,

    /// <summary>v5.channel.k8s.io: the next byte names a channel that is closed.</summary>
    Close = 255,
}

/// <summary>Something the client sent.</summary>
/// <param name="Channel">Stdin or Resize.</param>
/// <param name="Data">Valid until the next message is read.</param>
/// <param name="End">The client closed this channel.</param>
internal readonly record struct ClientMessage(Channel Channel, ReadOnlyMemory<byte> Data, bool End);

/// <summary>The client's side of exec and attach, over WebSocket or SPDY.</summary>
internal interface IClientChannels : IAsyncDisposable
{
    /// <summary>The next message; null when the client has gone or is done sending.</summary>
    ValueTask<ClientMessage?> ReadAsync(CancellationToken cancellation);

    /// <summary>Sends data. Calls for different channels may overlap.</summary>
    ValueTask WriteAsync(Channel channel, ReadOnlyMemory<byte> data, CancellationToken cancellation);

    /// <summary>Sends the final status and ends all streams in an orderly way.</summary>
    Task FinishAsync(JsonObject status, CancellationToken cancellation);
}
