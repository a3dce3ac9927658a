using System.Globalization;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Commands.Hubble.Printing;

/// <summary>The columns of debug events.</summary>
internal static class DebugEventText
{
    public static string From(Endpoint? endpoint)
    {
        if (endpoint is null)
        {
            return "N/A";
        }

        var id = string.Create(CultureInfo.InvariantCulture, $"ID: {endpoint.ID}");
        return endpoint.Namespace.Length > 0 && endpoint.PodName.Length > 0 ? $"{endpoint.Namespace}/{endpoint.PodName} ({id})"
            : endpoint.Labels is [var label] && label.StartsWith("reserved:", StringComparison.Ordinal) ? $"{label} ({id})"
            : id;
    }

    public static string Mark(uint? hash) => hash is { } value ? $"0x{value:x}" : "N/A";

    public static string Cpu(int? cpu) => cpu is { } number ? number.ToString("D2", CultureInfo.InvariantCulture) : "N/A";
}
