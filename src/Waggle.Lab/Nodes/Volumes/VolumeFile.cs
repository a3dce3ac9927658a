namespace Waggle.Lab.Nodes.Volumes;

/// <summary>A file of a generated volume.</summary>
/// <param name="Path">Relative, without "..", '/' as separator.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Mode">Permission bits.</param>
internal sealed record VolumeFile(string Path, byte[] Content, int Mode);
