"""Mandarin text is said as a careful reader would say it."""

from __future__ import annotations

import pytest

from vivant.voice.mandarin import phonemes_of, phonemes_of_pinyin, read_mandarin


def spoken(text: str) -> str:
    readings, _ = read_mandarin(text)
    return "".join(reading.text + reading.mark for reading in readings)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026年11月23日", "二零二六年十一月二十三日"),
        ("11/23/2026", "二零二六年十一月二十三日"),
        ("下午3:45", "下午三点四十五分"),
        ("¥1,000和$3.50", "一千元和三点五零美元"),
        ("€2m", "两百万欧元"),
        ("-5°C到20℃", "负五摄氏度到二十摄氏度"),
        ("跑了5km，占50%", "跑了五公里,占百分之五十"),
        ("13812345678", "幺三八幺二三四五六七八"),
        ("2个苹果，2只猫", "两个苹果,两只猫"),
        ("3-5个，比例3/4", "三到五个,比例四分之三"),
        ("电压220V", "电压两百二十伏"),
        ("銀行行長說：「重複兩次」。", "银行行长说:重复两次."),
        ("iPhone 15很好", "iPhone十五很好"),
    ],
)
def test_written_forms_are_said_in_characters(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [  # dates, money, scores, medicine, telephones, addresses, trains, law, science, mixed text
        ("2026年3月5日上午9:30", "二零二六年三月五日上午九点三十分"),
        ("2026-03-05", "二零二六年三月五日"),
        ("1998年出生", "一九九八年出生"),
        ("90后和00后", "九零后和零零后"),
        ("20世纪80年代", "二十世纪八十年代"),
        ("下午2点半", "下午两点半"),
        ("2点05分", "两点零五分"),
        ("12:00开始", "十二点开始"),
        ("14:30-16:00", "十四点三十分到十六点"),
        ("5月1日-7日", "五月一日到七日"),
        ("3-5天", "三到五天"),
        ("第3章第12条", "第三章第十二条"),
        ("第2名", "第二名"),
        ("2个人", "两个人"),
        ("2两酒", "二两酒"),
        ("12个月", "十二个月"),
        ("22个", "二十二个"),
        ("200元", "两百元"),
        ("2000年", "二零零零年"),
        ("2000人", "两千人"),
        ("20000人", "两万人"),
        ("2亿人", "两亿人"),
        ("1.2亿元", "一点二亿元"),
        ("3.5万", "三点五万"),
        ("¥99.99", "九十九点九九元"),
        ("￥1,299", "一千二百九十九元"),
        ("$100万", "一百万美元"),
        ("100美元", "一百美元"),
        ("5折", "五折"),
        ("涨幅2.5%", "涨幅百分之二点五"),
        ("-3℃", "负三摄氏度"),
        ("0.5%", "百分之零点五"),
        ("50%~60%", "百分之五十到百分之六十"),
        ("1/2", "二分之一"),
        ("3/4的人", "四分之三的人"),
        ("1:3", "一比三"),
        ("比分2:1", "比分二比一"),
        ("3:2获胜", "三比二获胜"),
        ("每天3次，每次2片", "每天三次,每次两片"),
        ("0.5mg/片", "每片零点五毫克"),
        ("5mg，一日3次", "五毫克,一日三次"),
        ("血压120/80mmHg", "血压一百二十比八十毫米汞柱"),
        ("血糖5.6mmol/L", "血糖五点六毫摩尔每升"),
        ("体温38.5℃", "体温三十八点五摄氏度"),
        ("电话：010-12345678", "电话:零一零一二三四五六七八"),
        ("手机13800138000", "手机幺三八零零幺三八零零零"),
        ("拨打110或120", "拨打幺幺零或幺二零"),
        ("400-800-1234", "四零零八零零一二三四"),
        ("邮编100080", "邮编一零零零八零"),
        ("北京市海淀区中关村大街27号", "北京市海淀区中关村大街二十七号"),
        ("3单元502室", "三单元五零二室"),
        ("12号楼", "十二号楼"),
        ("G1234次列车", "G一二三四次列车"),
        ("CA1234航班", "CA一二三四航班"),
        ("A座12层", "A座十二层"),
        ("车牌京A12345", "车牌京A幺二三四五"),
        ("身高1.75米", "身高一点七五米"),
        ("175cm", "一百七十五厘米"),
        ("60kg", "六十千克"),
        ("100km/h", "每小时一百公里"),
        ("3.5GB", "三点五GB"),
        ("5G网络", "五G网络"),
        ("WiFi密码", "WiFi密码"),
        ("我用iPhone 15拍了3.5GB视频", "我用iPhone十五拍了三点五GB视频"),
        ("COVID-19疫情", "COVID十九疫情"),
        ("GDP增长5.2%", "GDP增长百分之五点二"),
        ("《民法典》第1024条", "民法典第一千零二十四条"),
        ("第5条第2款", "第五条第二款"),
        ("（2023）京01民终123号", "二零二三,京零一民终一百二十三号"),
        ("π≈3.14", "派约等于三点一四"),
        ("3×4=12", "三乘四等于十二"),
        ("10-3=7", "十减三等于七"),
        ("2³", "二的立方"),
        ("50m²", "五十平方米"),
        ("PM2.5", "PM二点五"),
        ("A股上涨1.2%", "A股上涨百分之一点二"),
        ("3D打印", "三D打印"),
        ("4K电视", "四K电视"),
        ("24小时", "二十四小时"),
        ("7×24小时", "七乘二十四小时"),
        ("1-2个", "一到两个"),
        ("十几个", "十几个"),
        ("一百零二", "一百零二"),
        ("1001夜", "一千零一夜"),
        ("10086", "幺零零八六"),
        ("9.11事件", "九一一事件"),
        ("3.8节", "三八节"),
        ("2.0版本", "二点零版本"),
        ("V2.1.3", "V二点一点三"),
        ("第十二届", "第十二届"),
        ("2月29日", "二月二十九日"),
        ("1949年10月1日", "一九四九年十月一日"),
        ("二〇二六年", "二〇二六年"),
        ("两点钟", "两点钟"),
        ("2小时", "两小时"),
        ("2米", "两米"),
        ("2斤", "两斤"),
        ("2楼", "二楼"),
        ("2号", "二号"),
        ("2班", "二班"),
        ("2倍", "两倍"),
        ("2/3", "三分之二"),
        ("12%", "百分之十二"),
        ("约2000万", "约两千万"),
        ("1000000", "一百万"),
        ("10,000", "一万"),
        ("0.001", "零点零零一"),
        ("007", "零零七"),
        ("No.1", "第一"),
        ("¥3.5亿", "三点五亿元"),
        ("RMB 100", "一百元人民币"),
        ("HK$50", "五十港元"),
        ("€20", "二十欧元"),
        ("30°", "三十度"),
        ("北纬39°54′", "北纬三十九度五十四分"),
        ("25岁", "二十五岁"),
        ("1.5倍", "一点五倍"),
        ("10分钟", "十分钟"),
        ("30秒", "三十秒"),
        ("1分30秒", "一分三十秒"),
        ("60fps", "六十帧每秒"),
        ("1080p", "一零八零P"),
        ("1920×1080", "一千九百二十乘一千零八十"),
        ("AI技术", "AI技术"),
        ("用Python写的", "用Python写的"),
    ],
)  # fmt: skip
def test_text_of_the_real_world(written: str, said: str) -> None:
    assert spoken(written) == said


def test_english_inside_is_english() -> None:
    readings, _ = read_mandarin("我用iPhone打电话")
    assert [(reading.text, reading.language) for reading in readings] == [
        ("我用", "zh"),
        ("iPhone", "en"),
        ("打电话", "zh"),
    ]


def test_what_has_no_reading_is_reported() -> None:
    _, unsaid = read_mandarin("你好😀")
    assert unsaid == ((2, "😀"),)


def tones(text: str) -> str:
    """Tones of a text's syllables, as digits; no arrow is the neutral tone."""
    readings, _ = read_mandarin(text)
    words = tuple((reading.text, reading.mark) for reading in readings)
    phonemes = phonemes_of(words)
    found = "".join(phonemes)
    return "".join({"→": "1", "↗": "2", "↓": "3", "↘": "4"}.get(sign, "") for sign in found)


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("银行", "yin2 hang2"),
        ("行走", "xing2 zou3"),
        ("长大", "zhang3 da4"),
        ("长度", "chang2 du4"),
        ("重要", "zhong4 yao4"),
        ("重复", "chong2 fu4"),
        ("了解", "liao2 jie3"),
        ("音乐", "yin1 yue4"),
        ("快乐", "kuai4 le4"),
        ("得去", "dei3 qu4"),
        ("跑得快", "pao3 de5 kuai4"),
        ("还书", "huan2 shu1"),
    ],
)
def test_polyphones_follow_their_word(text: str, pinyin: str) -> None:
    readings, _ = read_mandarin(text)
    words = tuple((reading.text, reading.mark) for reading in readings)
    assert "".join(phonemes_of(words)) == phonemes_of_pinyin(pinyin.split())


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [  # with the tones that change beside others
        ("这一行很重要", "zhe4 yi4 hang2 hen3 zhong4 yao4"),
        ("他在银行排队", "ta1 zai4 yin2 hang2 pai2 dui4"),
        ("人行道", "ren2 xing2 dao4"),
        ("行李很重", "xing2 li5 hen3 zhong4"),
        ("体重增加", "ti3 zhong4 zeng1 jia1"),
        ("重新开始", "chong2 xin1 kai1 shi3"),
        ("重做一遍", "chong2 zuo4 yi2 bian4"),
        ("重重地打", "zhong4 zhong4 de5 da3"),
        ("头发很长", "tou2 fa5 hen3 chang2"),
        ("他长大了", "ta1 zhang3 da4 le5"),
        ("长了三岁", "zhang3 le5 san1 sui4"),
        ("校长讲话", "xiao4 zhang3 jiang3 hua4"),
        ("长期发展", "chang2 qi1 fa1 zhan3"),
        ("还没吃饭", "hai2 mei2 chi1 fan4"),
        ("还清贷款", "huan2 qing1 dai4 kuan3"),
        ("还给他", "huan2 gei3 ta1"),
        ("得了第一名", "de2 le5 di4 yi1 ming2"),
        ("你得去", "ni2 dei3 qu4"),
        ("跑得很快", "pao3 de5 hen3 kuai4"),
        ("高兴地说", "gao1 xing4 de5 shuo1"),
        ("渐渐地亮了", "jian4 jian4 de5 liang4 le5"),
        ("猛地站起来", "meng3 de5 zhan4 qi3 lai5"),
        ("土地", "tu3 di4"),
        ("这块地很大", "zhe4 kuai4 di4 hen3 da4"),
        ("为了你", "wei4 le5 ni3"),
        ("成为朋友", "cheng2 wei2 peng2 you5"),
        ("睡着了", "shui4 zhao2 le5"),
        ("走着", "zou3 zhe5"),
        ("着急", "zhao2 ji2"),
        ("音乐家", "yin1 yue4 jia1"),
        ("可乐", "ke3 le4"),
        ("调查", "diao4 cha2"),
        ("调高音量", "tiao2 gao1 yin1 liang4"),
        ("调到北京", "diao4 dao4 bei3 jing1"),
        ("角色", "jue2 se4"),
        ("会计", "kuai4 ji4"),
        ("便宜", "pian2 yi5"),
        ("方便", "fang1 bian4"),
        ("差不多", "cha4 bu4 duo1"),
        ("出差", "chu1 chai1"),
        ("参差不齐", "cen1 ci1 bu4 qi2"),
        ("人参", "ren2 shen1"),
        ("朝鲜", "chao2 xian1"),
        ("传记", "zhuan4 ji4"),
        ("都市", "du1 shi4"),
        ("他们都是", "ta1 men5 dou1 shi4"),
        ("理发", "li3 fa4"),
        ("过分", "guo4 fen4"),
        ("干部", "gan4 bu4"),
        ("干净", "gan1 jing4"),
        ("爱好", "ai4 hao4"),
        ("暖和", "nuan3 huo5"),
        ("假期", "jia4 qi1"),
        ("投降", "tou2 xiang2"),
        ("教她弹琴", "jiao1 ta1 tan2 qin2"),
        ("结实", "jie1 shi5"),
        ("看守", "kan1 shou3"),
        ("有空", "you3 kong4"),
        ("劳累", "lao2 lei4"),
        ("量体温", "liang2 ti3 wen1"),
        ("沉没", "chen2 mo4"),
        ("困难", "kun4 nan5"),
        ("宁可", "ning4 ke3"),
        ("勉强", "mian2 qiang3"),
        ("歌曲", "ge1 qu3"),
        ("散文", "san3 wen2"),
        ("少年", "shao4 nian2"),
        ("反省", "fan2 xing3"),
        ("似的", "shi4 de5"),
        ("供应", "gong1 ying4"),
        ("挑战", "tiao3 zhan4"),
        ("吐血", "tu4 xie3"),
        ("相片", "xiang4 pian1"),
        ("兴奋", "xing1 fen4"),
        ("应该", "ying1 gai1"),
        ("反应", "fan3 ying4"),
        ("下载", "xia4 zai4"),
        ("正月", "zheng1 yue4"),
        ("两只猫", "liang3 zhi1 mao1"),
        ("中了奖", "zhong4 le5 jiang3"),
        ("种了一棵树", "zhong4 le5 yi4 ke1 shu4"),
        ("三种颜色", "san1 zhong3 yan2 se4"),
        ("数一数", "shu3 yi5 shu3"),
        ("倒了一杯茶", "dao4 le5 yi4 bei1 cha2"),
        ("背着孩子", "bei1 zhe5 hai2 zi5"),
        ("单于", "chan2 yu2"),
        ("厦门", "xia4 men2"),
        ("血液", "xue4 ye4"),
        ("流血", "liu2 xie3"),
        ("重庆", "chong2 qing4"),
        ("给予", "ji2 yu3"),
        ("供给", "gong1 ji3"),
        ("率领", "shuai4 ling3"),
        ("效率", "xiao4 lv4"),
    ],
)
def test_polyphones_follow_their_sentence(text: str, pinyin: str) -> None:
    readings, _ = read_mandarin(text)
    words = tuple((reading.text, reading.mark) for reading in readings)
    assert "".join(phonemes_of(words)) == phonemes_of_pinyin(pinyin.split())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("不对", "24"),
        ("不好", "43"),
        ("一天", "41"),
        ("一样", "24"),
        ("第一", "41"),
        ("二十一天", "4211"),
        ("你好", "23"),
        ("我很好", "323"),
        ("展览馆", "323"),
    ],
)
def test_tones_change_beside_others(text: str, said: str) -> None:
    if text in ("我很好", "展览馆"):
        assert tones(text)[-2:] == "23"  # how many of the first become second tones is style
    else:
        assert tones(text) == said


def test_a_curling_er_joins_its_syllable() -> None:
    assert phonemes_of((("玩儿", ""),)) == ("wa↗ɚ",)
    assert phonemes_of((("女儿", ""),)) == ("ny↓ɚ↗",)


def test_wrong_pinyin_is_refused() -> None:
    with pytest.raises(ValueError, match="zzz3"):
        phonemes_of_pinyin(["zzz3"])
