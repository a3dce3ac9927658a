using System.Text.Json;
using System.Text.Json.Serialization;

namespace Waggle.Lab.Cluster;

/// <summary>What a lab remembers of itself on disk (<c>lab.json</c>): the options it was made with, and what must stay the same after a restart.</summary>
internal sealed record LabRecord
{
    public required LabOptions Options { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Port of the API server on the machine's loopback address; 0 until the first start has found a free one.</summary>
    public int ApiPort { get; init; }

    public static LabRecord? TryRead(string directory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(FileIn(directory)), LabJson.Default.LabRecord);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // Missing, or torn by a crash before the first complete write: there is no such lab.
            return null;
        }
    }

    /// <summary>Replaces the file in one step, so that a reader or a crash never sees half of it.</summary>
    public void Write(string directory)
    {
        var temporary = FileIn(directory) + ".new";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(this, LabJson.Default.LabRecord));
        File.Move(temporary, FileIn(directory), overwrite: true);
    }

    private static string FileIn(string directory) => Path.Combine(directory, "lab.json");
}

/// <summary>What the daemon tells those who wait for it (<c>daemon.json</c> in the runtime directory).</summary>
/// <param name="Pid">The daemon's process.</param>
/// <param name="Step">What it is doing, or null when it serves.</param>
/// <param name="Error">Why it gave up; null while it has not.</param>
internal sealed record DaemonStatus(int Pid, string? Step, string? Error)
{
    public static DaemonStatus? TryRead(string runtime)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(runtime, "daemon.json")), LabJson.Default.DaemonStatus);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Takes back what an earlier daemon said.</summary>
    public static void Forget(string runtime)
    {
        if (Directory.Exists(runtime))
        {
            File.Delete(Path.Combine(runtime, "daemon.json"));
        }
    }

    public void Write(string runtime)
    {
        var file = Path.Combine(runtime, "daemon.json");
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(this, LabJson.Default.DaemonStatus));
        File.Move(file + ".new", file, overwrite: true);
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LabRecord))]
[JsonSerializable(typeof(DaemonStatus))]
internal sealed partial class LabJson : JsonSerializerContext;
