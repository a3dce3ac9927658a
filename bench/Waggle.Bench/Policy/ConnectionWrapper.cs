using Waggle.Bench.Programs;
using Waggle.Linux;

namespace Waggle.Bench.Policy;

/// <summary>Packets of connections that take turns; see <see cref="Wrapper"/>.</summary>
internal static class ConnectionWrapper
{
    /// <param name="inside">Where to run.</param>
    /// <param name="frame">The packet.</param>
    /// <param name="connections">Source ports that take turns; a power of two.</param>
    /// <param name="firstPeer">The destination, in host order.</param>
    /// <param name="alwaysNew">A new connection with every packet; 2^20 take turns.</param>
    /// <param name="scattered">Those in another order than one after the other.</param>
    internal static Wrapper Create(NetworkNamespace inside, byte[] frame, int connections, uint firstPeer, bool alwaysNew, bool scattered = false) => new(
        inside, frame, "connections", ("connections", (uint)connections), ("first_port", PolicyRig.FirstPort), ("first_peer", firstPeer),
        ("always_new", alwaysNew ? 1u : 0u), ("scattered", scattered ? 1u : 0u));
}
