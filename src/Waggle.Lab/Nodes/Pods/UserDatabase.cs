using System.Globalization;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>The machine's users, which are those of every container.</summary>
internal static class UserDatabase
{
    /// <summary>The primary group and home of a user; no group and "/" for one that /etc/passwd does not have.</summary>
    public static (long? Group, string Home) Find(long user, string file = "/etc/passwd")
    {
        string wanted = user.ToString(CultureInfo.InvariantCulture);
        foreach (string line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            string[] fields = line.Split(':');
            if (fields.Length >= 6 && fields[2] == wanted && long.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out long group))
                return (group, fields[5]);
        }
        return (null, "/");
    }
}
