namespace Pipeline.Contracts.Tests;

/// <summary>The contract file's text, for tests that change it.</summary>
internal static class ContractFile
{
    public static string Text { get; } = Read();

    public static ContractModel Changed(string old, string replacement)
    {
        Assert.Contains(old, Text, StringComparison.Ordinal);
        return Load(Text.Replace(old, replacement, StringComparison.Ordinal));
    }

    public static ContractModel Load(string yaml)
    {
        using var reader = new StringReader(yaml);
        return ContractModel.Load(reader, "test.yaml");
    }

    private static string Read()
    {
        using var reader = new StreamReader(typeof(ContractModel).Assembly.GetManifestResourceStream("events.contract.yaml")!);
        return reader.ReadToEnd();
    }
}
