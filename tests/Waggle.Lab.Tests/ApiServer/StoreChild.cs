using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>The process that a test kills: started by the test's own program, it writes and says what was acknowledged until it dies.</summary>
internal static class StoreChild
{
    public const string Variable = "WGT_STORE_CHILD";

#pragma warning disable CA2255 // The test host's entry point is generated: this is the only place before it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Run()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } directory)
        {
            return;
        }
        var store = ObjectStore.Open(new StoreOptions(directory) { SnapshotAfterBytes = 8192 }, NullLogger.Instance);
        var output = Console.OpenStandardOutput();
        for (var i = 0; i < 100_000; i++)
        {
            var name = $"{Environment.ProcessId}-{i}";
            store.PutAsync("things", "ns", name, 0, new JsonObject { ["data"] = new string('x', 200) }).GetAwaiter().GetResult();
            output.Write(System.Text.Encoding.UTF8.GetBytes(name + "\n"));
        }
        Environment.Exit(0);
    }
}
