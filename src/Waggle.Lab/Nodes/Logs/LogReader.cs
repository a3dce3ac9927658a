using System.Buffers;

namespace Waggle.Lab.Nodes.Logs;

/// <summary>Copies a container's log to a client, as <c>kubectl logs</c> asks for it.</summary>
internal sealed class LogReader(LogOptions options, TimeProvider time, Stream output)
{
    private readonly DateTimeOffset _since = options.SinceTime ?? (options.SinceSeconds is { } seconds ? time.GetUtcNow().AddSeconds(-seconds) : DateTimeOffset.MinValue);
    private long _room = options.LimitBytes ?? long.MaxValue;
    private bool _lineStart = true;

    /// <summary>Copies what is there and, when following, what comes until the log ends.</summary>
    /// <param name="path">The current file.</param>
    /// <param name="live">The log while it is written; null when it has ended for good.</param>
    /// <param name="cancellation">Ends the copying.</param>
    public async Task RunAsync(string path, ContainerLog? live, CancellationToken cancellation)
    {
        int rotations = live?.Rotations ?? 0;
        using FileStream? older = TryOpen(path + ".1");
        FileStream? current = TryOpen(path);
        try
        {
            await SkipAsync(older, current, cancellation).ConfigureAwait(false);
            if (older is not null)
                await CopyAsync(older, cancellation).ConfigureAwait(false);
            while (true)
            {
                Task? changed = live?.Changed;
                bool ended = live is null || live.Ended;
                if (current is not null)
                    await CopyAsync(current, cancellation).ConfigureAwait(false);
                await output.FlushAsync(cancellation).ConfigureAwait(false);
                if (_room <= 0 || !options.Follow || changed is null)
                    return;
                if (live!.Rotations != rotations)
                {
                    rotations = live.Rotations;
                    // The former file grows no more, but may have grown since it was copied above.
                    if (current is not null)
                        await CopyAsync(current, cancellation).ConfigureAwait(false);
                    current?.Dispose();
                    current = TryOpen(path);
                    continue;
                }
                if (ended)
                    return;
                await changed.WaitAsync(cancellation).ConfigureAwait(false);
                current ??= TryOpen(path);
            }
        }
        finally
        {
            current?.Dispose();
        }
    }

    /// <summary>Positions the files so that only the last lines asked for are left.</summary>
    private async Task SkipAsync(FileStream? older, FileStream? current, CancellationToken cancellation)
    {
        if (options.TailLines is not { } tail)
            return;
        int missing = current is null ? tail : await TailAsync(current, tail, cancellation).ConfigureAwait(false);
        if (older is not null)
            _ = await TailAsync(older, missing, cancellation).ConfigureAwait(false);
    }

    /// <summary>Moves to the beginning of the last lines; returns how many the file lacked.</summary>
    private static async Task<int> TailAsync(FileStream file, int lines, CancellationToken cancellation)
    {
        const int block = 64 * 1024;
        byte[] buffer = new byte[block];
        long at = file.Length;
        if (lines == 0)
        {
            file.Position = at;
            return 0;
        }
        int found = 0;
        // The newest newline ends the last line and is not counted before it.
        for (bool last = true; at > 0;)
        {
            int count = (int)Math.Min(block, at);
            at -= count;
            file.Position = at;
            await file.ReadExactlyAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
            for (int i = count - 1; i >= 0; i--)
            {
                if (buffer[i] != (byte)'\n')
                    continue;
                if (!last && ++found == lines)
                {
                    file.Position = at + i + 1;
                    return 0;
                }
                last = false;
            }
        }
        file.Position = 0;
        return file.Length > 0 ? lines - found - 1 : lines;
    }

    private async Task CopyAsync(FileStream file, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        using var ready = new MemoryStream();
        try
        {
            int kept = 0;
            while (_room > 0)
            {
                int count = await file.ReadAsync(buffer.AsMemory(kept), cancellation).ConfigureAwait(false);
                if (count == 0)
                    break;
                int used = Take(buffer.AsSpan(0, kept + count), ready);
                kept = kept + count - used;
                if (kept == buffer.Length)
                    kept = 0; // no newline in all of it: not one of our lines
                buffer.AsSpan(used, kept).CopyTo(buffer);
                await output.WriteAsync(ready.GetBuffer().AsMemory(0, (int)ready.Length), cancellation).ConfigureAwait(false);
                ready.SetLength(0);
            }
            // A line that is still being written is read again next time.
            file.Position -= kept;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Renders the whole lines of the data; returns how many bytes they were.</summary>
    private int Take(ReadOnlySpan<byte> data, MemoryStream ready)
    {
        int used = 0;
        for (int newline; (newline = data[used..].IndexOf((byte)'\n')) >= 0; used += newline + 1)
        {
            if (!LogLine.TryParse(data.Slice(used, newline), out LogLine line) || line.Time < _since)
                continue;
            if (options.Timestamps && _lineStart)
            {
                Put(line.TimeText, ready);
                Put(" "u8, ready);
            }
            Put(line.Text, ready);
            if (!line.IsPart)
                Put("\n"u8, ready);
            _lineStart = !line.IsPart;
        }
        return used;
    }

    private void Put(ReadOnlySpan<byte> text, MemoryStream ready)
    {
        ReadOnlySpan<byte> fits = text[..(int)Math.Min(text.Length, _room)];
        ready.Write(fits);
        _room -= fits.Length;
    }

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
