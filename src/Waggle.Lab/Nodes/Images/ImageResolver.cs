using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Images;

/// <param name="Arguments">Program and arguments; variables are not expanded yet in the container's own parts.</param>
/// <param name="Image">The entry that stands for the image.</param>
internal sealed record ResolvedCommand(IReadOnlyList<string> Arguments, ImageEntry Image);

/// <summary>An image cannot be used; the message says how to mend it.</summary>
internal sealed class ImageException(string message) : Exception(message);

/// <summary>Finds what a container runs, by the rules of images: <c>command</c> replaces the entry point, <c>args</c> the image's command.</summary>
internal static class ImageResolver
{
    /// <param name="table">Known images.</param>
    /// <param name="container">The container.</param>
    /// <param name="command">Its command with variables expanded.</param>
    /// <param name="args">Its args with variables expanded.</param>
    /// <exception cref="ImageException">The image is unknown and the container names no command.</exception>
    public static ResolvedCommand Resolve(ImageTable table, Container container, IReadOnlyList<string> command, IReadOnlyList<string> args)
    {
        string image = container.Image ?? "";
        ImageEntry? entry = table.Find(image);
        if (command.Count > 0)
            return new ResolvedCommand([.. command, .. args], entry ?? ImageEntry.Unknown);
        if (entry is { Entrypoint.Count: > 0 })
            return new ResolvedCommand([.. entry.Entrypoint, .. args.Count > 0 ? args : entry.Command], entry);
        if (args.Count > 0)
        {
            // Without an entry point the arguments are the command, as with most images of tools.
            return new ResolvedCommand(args, entry ?? ImageEntry.Unknown);
        }
        if (entry is { Command.Count: > 0 })
            return new ResolvedCommand(entry.Command, entry);
        throw new ImageException(
            $"failed to resolve image \"{image}\": a lab pulls no images, and its table of images has no program for \"{ImageReference.Normalize(image)}\". "
            + $"Give the container a 'command' that exists on this machine, or add the image to {ImageTable.LocalFile} (see docs/lab.md, \"Images\").");
    }
}
