using System.Globalization;
using System.IO.Compression;

namespace Waggle.Hubble.Export.Targets;

/// <summary>How a file is turned over.</summary>
/// <param name="MaxBytes">A file that would become larger is put aside first; 0: never.</param>
/// <param name="MaxBackups">Files put aside that are kept; 0: all.</param>
/// <param name="Compress">Put aside as gzip.</param>
public sealed record FileRotation(long MaxBytes, int MaxBackups, bool Compress);

/// <summary>A file that is put aside when it is large enough, as <c>name-2026-11-21T06-30-05.123.log</c>.</summary>
public sealed class FileTarget(string path, FileRotation rotation, TimeProvider time) : ILineTarget
{
    private const int DiskFull = 28, QuotaExceeded = 122;

    private readonly string _folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
    private FileStream? _file;

    // A line that was cut short by a full disk must not swallow the next one.
    private bool _torn;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellation)
    {
        try
        {
            if (_file is not null && !File.Exists(path))
            {
                // Somebody removed or renamed it: what is written there nobody would find.
                await CloseAsync().ConfigureAwait(false);
            }

            _file ??= Open();
            while (lines.Length > 0)
            {
                int fits = Fitting(lines.Span);
                if (fits == 0 && _file!.Length > 0)
                {
                    await RotateAsync(cancellation).ConfigureAwait(false);
                    continue;
                }

                ReadOnlyMemory<byte> part = fits == 0 ? lines[..(lines.Span.IndexOf((byte)'\n') + 1)] : lines[..fits];
                await AppendAsync(part, cancellation).ConfigureAwait(false);
                lines = lines[part.Length..];
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            int errno = failure.HResult & 0xffff;
            throw new ExportException(errno is DiskFull or QuotaExceeded ? "disk_full" : "io", $"cannot write {path}: {failure.Message}", failure);
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private async Task AppendAsync(ReadOnlyMemory<byte> part, CancellationToken cancellation)
    {
        if (_torn)
        {
            await _file!.WriteAsync("\n"u8.ToArray(), cancellation).ConfigureAwait(false);
            _torn = false;
        }

        long before = _file!.CanSeek ? _file.Length : 0;
        try
        {
            await _file.WriteAsync(part, cancellation).ConfigureAwait(false);
        }
        catch
        {
            try
            {
                // Whole lines or none.
                _file.SetLength(before);
                _file.Seek(0, SeekOrigin.End);
            }
            catch (Exception stays) when (stays is IOException or NotSupportedException)
            {
                _torn = true;
            }

            throw;
        }
    }

    // Bytes of whole lines that the file may still take.
    private int Fitting(ReadOnlySpan<byte> lines)
    {
        // Pipes and devices have no size.
        if (rotation.MaxBytes <= 0 || !_file!.CanSeek)
        {
            return lines.Length;
        }

        long room = rotation.MaxBytes - _file!.Length;
        return room >= lines.Length ? lines.Length : room <= 0 ? 0 : lines[..(int)room].LastIndexOf((byte)'\n') + 1;
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(_folder);
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        if (file.CanSeek)
        {
            file.Seek(0, SeekOrigin.End);
        }

        return file;
    }

    private async Task RotateAsync(CancellationToken cancellation)
    {
        await CloseAsync().ConfigureAwait(false);
        string stem = Path.GetFileNameWithoutExtension(path), extension = Path.GetExtension(path);
        string stamp = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH-mm-ss.fff", CultureInfo.InvariantCulture);
        string aside = Path.Combine(_folder, $"{stem}-{stamp}{extension}");
        for (int i = 1; File.Exists(aside) || File.Exists(aside + ".gz"); i++)
        {
            aside = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{stem}-{stamp}.{i:D4}{extension}"));
        }

        File.Move(path, aside);
        _file = Open();
        if (rotation.Compress)
        {
            await CompressAsync(aside, cancellation).ConfigureAwait(false);
        }

        Prune(stem, extension);
    }

    private static async Task CompressAsync(string aside, CancellationToken cancellation)
    {
        string unfinished = aside + ".gz.tmp";
        await using (var source = new FileStream(aside, FileMode.Open, FileAccess.Read))
        await using (var target = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        await using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
        {
            await source.CopyToAsync(gzip, cancellation).ConfigureAwait(false);
        }

        File.Move(unfinished, aside + ".gz", overwrite: true);
        File.Delete(aside);
    }

    // The stamp in the names sorts by time.
    private void Prune(string stem, string extension)
    {
        if (rotation.MaxBackups <= 0)
        {
            return;
        }

        string[] backups = [.. Directory.EnumerateFiles(_folder, $"{stem}-*{extension}*").Where(name => IsBackup(Path.GetFileName(name), stem, extension)).OrderDescending(StringComparer.Ordinal)];
        foreach (string old in backups.Skip(rotation.MaxBackups))
        {
            File.Delete(old);
        }
    }

    private static bool IsBackup(string name, string stem, string extension)
    {
        string bare = name.EndsWith(".gz", StringComparison.Ordinal) ? name[..^3] : name;
        return bare.Length > stem.Length + 1 + 23 && bare.EndsWith(extension, StringComparison.Ordinal)
            && DateTime.TryParseExact(bare.AsSpan(stem.Length + 1, 23), "yyyy-MM-dd'T'HH-mm-ss.fff", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
    }

    private async ValueTask CloseAsync()
    {
        if (_file is not null)
        {
            FileStream file = _file;
            _file = null;
            await file.DisposeAsync().ConfigureAwait(false);
        }
    }
}
