using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>What /version answers: the Kubernetes API level that is offered, marked as ours.</summary>
internal static class ServerVersion
{
    public const string GitVersion = "v1.29.0+waggle";

    public static JsonObject Document() => new()
    {
        ["major"] = "1",
        ["minor"] = "29",
        ["gitVersion"] = GitVersion,
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "2024-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "dotnet",
        ["platform"] = $"linux/{(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64")}",
    };
}
