using System.Globalization;
using System.Net;
using Waggle.Cli;
using Waggle.Hubble.Protocol.Recorders;

namespace Waggle.Commands.Hubble.Record;

/// <summary>Reads the recorder's filters, in the five-part form and in a short one.</summary>
internal static class RecordFilters
{
    private static readonly string[] Protocols = ["tcp", "udp", "sctp", "any"];

    /// <exception cref="CliException">No filter, or one that cannot be read.</exception>
    public static IEnumerable<Filter> Parse(IReadOnlyList<string> texts) =>
        texts.Count == 0 ? throw CliException.Usage("\"hubble record\" needs FILTER", "For example \"tcp 10.0.0.0/8:0\", or \"192.168.1.0/24 0 10.0.0.0/16 80 TCP\".") : texts.SelectMany(One);

    private static IEnumerable<Filter> One(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 5)
        {
            return [Make(text, Prefix(text, words[0]), Port(text, words[1]), Prefix(text, words[2]), Port(text, words[3]), words[4])];
        }

        // "tcp A:PORT" is what one side has, in both directions; "tcp A:PORT B:PORT" is from the first to the second.
        if (words.Length is 2 or 3 && Protocols.Contains(words[0].ToLowerInvariant()))
        {
            var (first, firstPort) = Side(text, words[1]);
            if (words.Length == 3)
            {
                var (second, secondPort) = Side(text, words[2]);
                return [Make(text, first, firstPort, second, secondPort, words[0])];
            }

            var any = first.Contains(':') ? "::/0" : "0.0.0.0/0";
            return [Make(text, first, firstPort, any, 0, words[0]), Make(text, any, 0, first, firstPort, words[0])];
        }

        throw Wrong(text, "it has five parts, \"SOURCE-PREFIX PORT DESTINATION-PREFIX PORT PROTOCOL\", or two or three, \"PROTOCOL PREFIX:PORT [PREFIX:PORT]\"");
    }

    private static Filter Make(string text, string source, uint sourcePort, string destination, uint destinationPort, string protocol) => new()
    {
        SourceCidr = source,
        SourcePort = sourcePort,
        DestinationCidr = destination,
        DestinationPort = destinationPort,
        Protocol = protocol.ToLowerInvariant() switch
        {
            "tcp" => Protocol.Tcp,
            "udp" => Protocol.Udp,
            "sctp" => Protocol.Sctp,
            "any" => Protocol.Any,
            _ => throw Wrong(text, $"protocol \"{protocol}\" is not known; did you mean \"{Suggestions.Nearest(protocol, Protocols)}\"?"),
        },
    };

    private static (string Prefix, uint Port) Side(string text, string word)
    {
        // The port follows the prefix's length, so an IPv6 address's own colons do not matter.
        var slash = word.IndexOf('/', StringComparison.Ordinal);
        var colon = slash < 0 ? -1 : word.IndexOf(':', slash);
        return colon < 0 ? (Prefix(text, word), 0) : (Prefix(text, word[..colon]), Port(text, word[(colon + 1)..]));
    }

    private static string Prefix(string text, string word)
    {
        if (IPAddress.TryParse(word, out var address))
        {
            return $"{address}/{(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128)}";
        }

        return IPNetwork.TryParse(word, out var network) ? network.ToString() : throw Wrong(text, $"\"{word}\" is not a prefix such as 10.0.0.0/8");
    }

    private static uint Port(string text, string word) =>
        ushort.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : throw Wrong(text, $"\"{word}\" is not a port between 0 (any) and 65535");

    private static CliException Wrong(string text, string problem) => CliException.Usage($"filter \"{text}\": {problem}", "For example \"tcp 10.0.0.0/8:0\", or \"192.168.1.0/24 0 10.0.0.0/16 80 TCP\".");
}
