using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Waggle.Lab.ApiServer;

/// <summary>Reads the files of a store at start.</summary>
internal static class JournalRecovery
{
    /// <returns>The state, the number of the journal to go on with, and the length of its intact part.</returns>
    /// <exception cref="StoreException">A file is damaged before its end, or one is missing in the row.</exception>
    public static (RecoveredState State, int Number, long Length) Read(string directory, ILogger logger)
    {
        var resources = new Dictionary<string, Dictionary<string, StoredObject>>();
        long revision = 0;
        foreach (var leftover in Directory.EnumerateFiles(directory, "*.tmp"))
        {
            File.Delete(leftover);
        }
        var snapshots = Numbers(directory, "snapshot-*.dat");
        var first = 1;
        if (snapshots.Count > 0)
        {
            first = snapshots[^1];
            var path = SnapshotFile.PathOf(directory, first);
            if (Replay(path, File.ReadAllBytes(path), resources, ref revision) is var (intact, total) && intact != total)
            {
                throw Damaged(path, intact);
            }
        }
        var journals = Numbers(directory, "journal-*.log").Where(n => n >= first).ToList();
        long length = 0;
        for (var i = 0; i < journals.Count; i++)
        {
            if (journals[i] != first + i)
            {
                throw new StoreException($"{Journal.PathOf(directory, first + i)} is missing: restore it, or remove the lab's state with 'waggle lab down'");
            }
            var path = Journal.PathOf(directory, journals[i]);
            var data = File.ReadAllBytes(path);
            (length, var total) = Replay(path, data, resources, ref revision);
            if (length == total)
            {
                continue;
            }
            var later = JournalFormat.FindFrame(data, (int)length + 1);
            if (later >= 0 || i + 1 < journals.Count)
            {
                throw Damaged(path, length);
            }
            logger.TornTail(path, total - length, length);
        }
        var state = resources.ToDictionary(r => r.Key, r => r.Value.Values.ToImmutableSortedSet(ByKey.Instance));
        return (new RecoveredState(revision, state), journals.Count == 0 ? first : journals[^1], length);
    }

    private static StoreException Damaged(string path, long offset) =>
        new($"{path} is damaged at byte {offset}, before its end: this is not an interrupted write. Restore the file from a copy, or remove the lab's state with 'waggle lab down' and start anew");

    private static (long Intact, long Total) Replay(string path, byte[] data, Dictionary<string, Dictionary<string, StoredObject>> resources, ref long revision)
    {
        var offset = 0;
        while (offset < data.Length && JournalFormat.TryFrame(data.AsSpan(offset), out var payload))
        {
            try
            {
                foreach (var record in JournalFormat.ReadRecords(payload))
                {
                    revision = Math.Max(revision, record.Revision);
                    if (record.Resource.Length == 0)
                    {
                        continue;
                    }
                    if (!resources.TryGetValue(record.Resource, out var objects))
                    {
                        resources[record.Resource] = objects = [];
                    }
                    var key = StoredObject.KeyOf(record.Namespace, record.Name);
                    if (record.Kind == ChangeKind.Delete)
                    {
                        objects.Remove(key);
                    }
                    else
                    {
                        objects[key] = new StoredObject(record.Namespace, record.Name, record.Revision, record.Json, null);
                    }
                }
            }
            catch (Exception e) when (e is InvalidDataException or JsonException)
            {
                throw new StoreException($"{path}: the frame at byte {offset} has a right checksum but cannot be read ({e.Message}); it was written by another version", e);
            }
            offset += JournalFormat.HeaderSize + payload.Length;
        }
        return (offset, data.Length);
    }

    private static List<int> Numbers(string directory, string pattern)
    {
        var numbers = Directory.EnumerateFiles(directory, pattern).Select(SnapshotFile.NumberOf).OfType<int>().ToList();
        numbers.Sort();
        return numbers;
    }
}
