using Microsoft.Win32.SafeHandles;

namespace Waggle.Lab.ApiServer;

/// <summary>fsync of a directory, so that a created or renamed file keeps its name after a power cut.</summary>
internal static class DirectorySync
{
    public static void Sync(string directory)
    {
        // .NET refuses to open a directory as a file; a file handle made from /proc/self/fd would be refused alike.
        // A file created and synced in the directory makes ext4, xfs and btrfs commit the directory's transaction too.
        var probe = Path.Combine(directory, ".sync");
        using (SafeFileHandle handle = File.OpenHandle(probe, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.FlushToDisk(handle);
        }
        File.Delete(probe);
    }
}
