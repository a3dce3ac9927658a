using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Waggle.Hubble.Rpc;

/// <summary>Where a server listens, as Hubble's flags and keys write it: <c>host:port</c>, <c>tls://host:port</c>, <c>unix:///path</c>.</summary>
public sealed record RpcTarget
{
    private RpcTarget()
    {
    }

    /// <summary>Host name or address; empty for a unix socket.</summary>
    public string Host { get; private init; } = "";

    /// <summary>TCP port; 0 for a unix socket.</summary>
    public int Port { get; private init; }

    /// <summary>Path of the socket, or null.</summary>
    public string? UnixPath { get; private init; }

    /// <summary>Whether the prefix asks for TLS.</summary>
    public bool Tls { get; private init; }

    /// <summary>A unix socket.</summary>
    public static RpcTarget Unix(string path) => new() { UnixPath = path };

    /// <summary>A TCP address.</summary>
    public static RpcTarget Tcp(string host, int port, bool tls = false) => new() { Host = host, Port = port, Tls = tls };

    /// <summary>Parses; IPv6 addresses stand in brackets. Without a port, 80 is meant, with TLS 443.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RpcTarget? target)
    {
        target = null;
        var rest = text.Trim();
        if (rest.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = rest["unix:".Length..];
            path = path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path;
            target = path.Length > 0 ? Unix(path) : null;
            return target is not null;
        }

        var tls = rest.StartsWith("tls://", StringComparison.Ordinal);
        rest = tls ? rest["tls://".Length..] : rest;
        foreach (var prefix in new[] { "tcp://", "dns:///", "passthrough:///" })
        {
            rest = rest.StartsWith(prefix, StringComparison.Ordinal) ? rest[prefix.Length..] : rest;
        }

        string host, port;
        if (rest.StartsWith('['))
        {
            var end = rest.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
            {
                return false;
            }

            (host, port) = (rest[1..end], rest[(end + 1)..]);
            if (port.Length > 0 && port[0] != ':')
            {
                return false;
            }

            port = port.TrimStart(':');
        }
        else
        {
            var colon = rest.LastIndexOf(':');
            (host, port) = colon < 0 ? (rest, "") : (rest[..colon], rest[(colon + 1)..]);
            if (host.Contains(':', StringComparison.Ordinal))
            {
                return false;
            }
        }

        host = host.Length == 0 ? "localhost" : host;
        var number = tls ? 443 : 80;
        if (rest.Length == 0 || host.Contains('/', StringComparison.Ordinal)
            || (port.Length > 0 && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number is 0 or > 65535)))
        {
            return false;
        }

        target = Tcp(host, number, tls);
        return true;
    }

    /// <summary>In the form it is parsed from.</summary>
    public override string ToString() => UnixPath is not null ? $"unix://{UnixPath}"
        : $"{(Tls ? "tls://" : "")}{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";
}
