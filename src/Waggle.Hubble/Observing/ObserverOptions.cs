using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Observing;

/// <summary>What an observer says of itself.</summary>
/// <param name="Version">Version text of the server.</param>
/// <param name="Node">The node.</param>
/// <param name="Address">Address of the node's TCP server, for GetNodes; may be empty.</param>
/// <param name="Tls">Whether that server speaks TLS.</param>
public sealed record ObserverOptions(string Version, NodeInfo Node, string Address = "", bool Tls = false);
