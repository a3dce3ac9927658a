using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;

namespace Waggle.Lab.ApiServer;

/// <summary>Writes and removes snapshot files. A snapshot is complete when it has its final name.</summary>
internal static class SnapshotFile
{
    private const int FrameTarget = 4 * 1024 * 1024;

    public static string PathOf(string directory, int number) =>
        Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"snapshot-{number:d8}.dat"));

    public static void Write(string directory, int number, long revision, Dictionary<string, ImmutableSortedSet<StoredObject>> resources)
    {
        var path = PathOf(directory, number);
        var temporary = path + ".tmp";
        try
        {
            WriteTemporary(temporary, revision, resources);
        }
        catch (IOException)
        {
            // On a full disk, what could not be finished must not keep the space.
            File.Delete(temporary);
            throw;
        }
        File.Move(temporary, path, overwrite: true);
        SyncDirectory(directory);
        RemoveOlder(directory, number);
    }

    private static void WriteTemporary(string temporary, long revision, Dictionary<string, ImmutableSortedSet<StoredObject>> resources)
    {
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            var buffer = new ArrayBufferWriter<byte>(FrameTarget);
            Begin(buffer);
            // The first record carries the revision of the whole; it has no resource.
            JournalFormat.WriteRecord(buffer, ChangeKind.Put, "", new StoredObject("", "", revision, "{}"u8.ToArray(), []));
            foreach (var (resource, objects) in resources)
            {
                foreach (var item in objects)
                {
                    JournalFormat.WriteRecord(buffer, ChangeKind.Put, resource, item);
                    if (buffer.WrittenCount > FrameTarget)
                    {
                        End(buffer, file);
                        Begin(buffer);
                    }
                }
            }
            End(buffer, file);
            file.Flush(flushToDisk: true);
        }
    }

    /// <summary>Makes names in a directory durable.</summary>
    public static void SyncDirectory(string directory) => DirectorySync.Sync(directory);

    private static void RemoveOlder(string directory, int number)
    {
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            if (NumberOf(file) is { } n && n < number)
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>The number in the name of a journal or snapshot; null for other files.</summary>
    public static int? NumberOf(string path)
    {
        var name = Path.GetFileName(path);
        var dash = name.IndexOf('-');
        var dot = name.IndexOf('.');
        return (name.StartsWith("journal-", StringComparison.Ordinal) || name.StartsWith("snapshot-", StringComparison.Ordinal)) && dot > dash
            && int.TryParse(name.AsSpan(dash + 1, dot - dash - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static void Begin(ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        buffer.GetSpan(JournalFormat.HeaderSize)[..JournalFormat.HeaderSize].Clear();
        buffer.Advance(JournalFormat.HeaderSize);
    }

    private static void End(ArrayBufferWriter<byte> buffer, FileStream file)
    {
        var frame = buffer.WrittenSpan.ToArray();
        JournalFormat.WriteHeader(frame);
        file.Write(frame);
    }
}
