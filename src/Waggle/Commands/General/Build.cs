using System.Reflection;
using System.Runtime.InteropServices;

namespace Waggle.Commands.General;

/// <summary>What this executable was built from.</summary>
internal static class Build
{
    /// <summary>E.g. <c>0.1.0</c>.</summary>
    public static string Version => Informational.Split('+')[0];

    /// <summary>Abbreviated commit; <c>unknown</c> for a build outside a checkout.</summary>
    public static string Commit => Informational.Split('+') is [_, var commit] ? commit[..Math.Min(12, commit.Length)] : "unknown";

    public static string Runtime => RuntimeInformation.FrameworkDescription;

    /// <summary>E.g. <c>linux/amd64</c>.</summary>
    public static string Platform => "linux/" + RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        var other => other.ToString().ToLowerInvariant(),
    };

    public static string Image => $"quay.io/waggle/waggle:v{Version}";

    private static string Informational => typeof(Build).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
}
