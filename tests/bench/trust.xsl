<?xml version="1.0"?>
<!-- What an administrator would write instead, as a stylesheet: usage: xsltproc trust.xsl DOMAIN.XML -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:template match="@*|node()">
    <xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy>
  </xsl:template>
  <xsl:template match="/domain/devices/interface[@type='direct'][not(@trustGuestRxFilters)][model/@type='virtio']">
    <xsl:copy>
      <xsl:attribute name="trustGuestRxFilters">yes</xsl:attribute>
      <xsl:apply-templates select="@*|node()"/>
    </xsl:copy>
  </xsl:template>
</xsl:stylesheet>
